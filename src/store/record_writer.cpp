// SPDX-License-Identifier: Apache-2.0
#include "store/record_writer.h"

#include "store/private_file.h"
#include "store/schema.h"
#include "store/sqlite_reader.h"
#include "telemetry/text.h"

namespace sallyport::store {
namespace {

using telemetry::CallRecord;

void markCrashed(CallRecord& record, WallTime now) {
  record.end = {"process.crashed", "the edge stopped during the call; found at " + telemetry::timeText(now), "edge", 0};
  for (auto& leg : record.legs) {
    for (auto& pinhole : leg.pinholes) {
      if (!pinhole.closed) pinhole.closed = now;  // at the latest: a dead process holds no ports
    }
  }
}

std::optional<std::int64_t> millisecondsOf(const std::optional<WallTime>& time) {
  if (!time) return std::nullopt;
  return store::millisecondsOf(*time);
}

}  // namespace

Result<RecordWriter> RecordWriter::open(const std::filesystem::path& file, std::uint64_t size_limit) {
  SP_TRY(createPrivately(file));
  SP_ASSIGN(auto database, Database::open(file, Database::Access::readWrite, "store.file.unwritable"));
  SP_TRY(prepareSchema(database, file, callSchema()));
  if (size_limit > 0) {
    SP_ASSIGN(const auto page_size, database.number("PRAGMA page_size"));
    const auto pages = std::max<std::uint64_t>(1, size_limit / static_cast<std::uint64_t>(page_size));
    SP_TRY(database.execute(("PRAGMA max_page_count = " + std::to_string(pages)).c_str()));
  }
  SP_ASSIGN(auto journal, database.prepare("INSERT OR REPLACE INTO open_calls (call_id, record) VALUES (?1, ?2)"));
  SP_ASSIGN(auto strike, database.prepare("DELETE FROM open_calls WHERE call_id = ?1"));
  SP_ASSIGN(auto insert,
            database.prepare("INSERT INTO calls (call_id, started, ended, caller_peer, callee_peer, caller_identity,"
                             " callee_identity, end_code, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                             " ON CONFLICT (call_id) DO UPDATE SET ended = excluded.ended,"
                             " end_code = excluded.end_code, record = excluded.record"));
  return RecordWriter{std::move(database), {std::move(journal), std::move(strike), std::move(insert)}};
}

Status RecordWriter::write(const std::vector<const Operation*>& operations) {
  SP_TRY(database_.execute("BEGIN IMMEDIATE"));
  auto outcome = writeAll(operations);
  if (outcome) outcome = database_.execute("COMMIT");
  if (!outcome && database_.inTransaction()) (void)database_.execute("ROLLBACK");
  return outcome;
}

// A record that arrives a second time (taken from the spill file after a crash) replaces itself.
Status RecordWriter::writeAll(const std::vector<const Operation*>& operations) {
  auto& [journal, strike, insert] = statements_;
  for (const auto* operation : operations) {
    const auto& record = operation->record;
    const auto call_id = telemetry::validUtf8(record.call_id);
    const auto json = telemetry::toJson(record);
    if (operation->kind == Operation::Kind::begun) {
      SP_TRY(journal.bind(1, call_id).bind(2, json).run());
      continue;
    }
    insert.bind(1, call_id).bind(2, store::millisecondsOf(record.started)).bind(3, millisecondsOf(record.ended));
    insert.bind(4, telemetry::validUtf8(record.legs[0].peer)).bind(5, telemetry::validUtf8(record.legs[1].peer));
    insert.bind(6, telemetry::validUtf8(record.legs[0].identity))
        .bind(7, telemetry::validUtf8(record.legs[1].identity));
    SP_TRY(insert.bind(8, telemetry::validUtf8(record.end.code)).bind(9, json).run());
    SP_TRY(strike.bind(1, call_id).run());
  }
  return success();
}

Result<RecordWriter::Taken> RecordWriter::takeSpilled(SpillFile& spill) {
  if (!spill.exists()) return Taken{};
  SP_ASSIGN(auto content, spill.read());
  std::vector<Operation> operations;
  for (auto& record : content.records) operations.push_back({Operation::Kind::ended, std::move(record)});
  std::vector<const Operation*> pointers;
  for (const auto& operation : operations) pointers.push_back(&operation);
  SP_TRY(write(pointers));
  SP_TRY(spill.discard(content.unreadable));
  return Taken{operations.size(), content.unreadable.size()};
}

Result<std::size_t> RecordWriter::closeCrashed(WallTime now) {
  std::vector<Operation> crashed;
  {
    SP_ASSIGN(auto query, database_.prepare("SELECT call_id, record FROM open_calls"));
    for (;;) {
      SP_ASSIGN(const bool row, query.step());
      if (!row) break;
      auto record = telemetry::fromJson(query.text(1));
      if (!record) {  // at least that there was a call
        CallRecord remnant;
        remnant.call_id = query.text(0);
        remnant.started = now;
        record = std::move(remnant);
      }
      markCrashed(*record, now);
      crashed.push_back({Operation::Kind::ended, *std::move(record)});
    }
  }
  std::vector<const Operation*> pointers;
  for (const auto& operation : crashed) pointers.push_back(&operation);
  SP_TRY(write(pointers));
  return crashed.size();
}

}  // namespace sallyport::store
