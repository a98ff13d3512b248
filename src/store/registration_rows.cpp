// SPDX-License-Identifier: Apache-2.0
#include "store/registration_rows.h"

#include "store/private_file.h"
#include "store/schema.h"
#include "telemetry/text.h"

namespace sallyport::store {
namespace {

// In the order of the columns, for reading and writing alike.
constexpr const char* kSelect =
    "SELECT aor, token, contact, instance, reg_id, q, call_id, cseq, path, peer, identity, proof, user_agent, source,"
    " transport, registered, expires, upstream_cseq, upstream_registered, upstream_expires FROM bindings";
constexpr const char* kInsert =
    "INSERT OR REPLACE INTO bindings (aor, token, contact, instance, reg_id, q, call_id, cseq, path, peer, identity,"
    " proof, user_agent, source, transport, registered, expires, upstream_cseq, upstream_registered,"
    " upstream_expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
    " ?20)";

class Columns {  // of one row, one after the other
 public:
  explicit Columns(const Statement& row) : row_(row) {}
  void take(std::string& out) { out = row_.text(next_++); }
  void take(std::uint32_t& out) { out = static_cast<std::uint32_t>(row_.integer(next_++)); }
  void take(WallTime& out) { out = WallTime{std::chrono::milliseconds{row_.integer(next_++)}}; }

 private:
  const Statement& row_;
  int next_ = 0;
};

class Values {  // of one row, likewise
 public:
  explicit Values(Statement& row) : row_(row) {}
  void take(const std::string& text) { row_.bind(next_++, telemetry::validUtf8(text)); }
  void take(std::uint32_t number) { row_.bind(next_++, std::int64_t{number}); }
  void take(WallTime time) {
    const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch();
    row_.bind(next_++, std::int64_t{since_epoch.count()});
  }

 private:
  Statement& row_;
  int next_ = 1;
};

template <typename Fields, typename AnyBinding>
void eachField(Fields fields, AnyBinding& binding) {
  fields.take(binding.aor);
  fields.take(binding.token);
  fields.take(binding.contact);
  fields.take(binding.instance);
  fields.take(binding.reg_id);
  fields.take(binding.q);
  fields.take(binding.call_id);
  fields.take(binding.cseq);
  fields.take(binding.path);
  fields.take(binding.peer);
  fields.take(binding.identity);
  fields.take(binding.proof);
  fields.take(binding.user_agent);
  fields.take(binding.source);
  fields.take(binding.transport);
  fields.take(binding.registered);
  fields.take(binding.expires);
  fields.take(binding.upstream_cseq);
  fields.take(binding.upstream_registered);
  fields.take(binding.upstream_expires);
}

}  // namespace

Result<RegistrationRows> RegistrationRows::open(const std::filesystem::path& file) {
  SP_TRY(createPrivately(file));
  SP_ASSIGN(auto database, Database::open(file, Database::Access::readWrite, "store.file.unwritable"));
  SP_TRY(prepareSchema(database, file, registrationSchema()));
  return RegistrationRows{std::move(database)};
}

Result<std::vector<StoredBinding>> RegistrationRows::all() {
  std::vector<StoredBinding> bindings;
  SP_ASSIGN(auto query, database_.prepare(kSelect));
  for (;;) {
    SP_ASSIGN(const bool row, query.step());
    if (!row) return bindings;
    eachField(Columns{query}, bindings.emplace_back());
  }
}

Status RegistrationRows::write(const std::vector<std::string>& aors, const RegistrationSource& source) {
  SP_TRY(database_.execute("BEGIN IMMEDIATE"));
  auto outcome = writeAll(aors, source);
  if (outcome) outcome = database_.execute("COMMIT");
  if (!outcome && database_.inTransaction()) (void)database_.execute("ROLLBACK");
  return outcome;
}

Status RegistrationRows::writeAll(const std::vector<std::string>& aors, const RegistrationSource& source) {
  SP_ASSIGN(auto clear, database_.prepare("DELETE FROM bindings WHERE aor = ?1"));
  SP_ASSIGN(auto insert, database_.prepare(kInsert));
  for (const auto& aor : aors) {
    SP_TRY(clear.bind(1, telemetry::validUtf8(aor)).run());
    for (const auto& binding : source.bindingsOf(aor)) {
      eachField(Values{insert}, binding);
      SP_TRY(insert.run());
    }
  }
  return success();
}

}  // namespace sallyport::store
