// SPDX-License-Identifier: Apache-2.0
#include <boost/json.hpp>
#include <cmath>
#include <exception>

#include "telemetry/call_record.h"
#include "telemetry/text.h"

namespace sallyport::telemetry {
namespace {

namespace json = boost::json;

constexpr std::size_t kLargestRecord = 4u << 20;

// --- out: our own writer, so that every string passes the one escaping rule ---

class JsonWriter {
 public:
  std::string take() { return std::move(out_); }

  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    out_ += '"';
    out_ += name;
    out_ += "\":";
    first_ = true;  // the value follows without a comma
    return *this;
  }
  void text(std::string_view value) {
    separate();
    appendJsonString(out_, value);
  }
  void raw(std::string_view value) {
    separate();
    out_ += value;
  }

  void member(std::string_view name, std::string_view value) { key(name).text(value); }
  void member(std::string_view name, const std::string& value) { key(name).text(value); }
  void member(std::string_view name, std::uint64_t value) { key(name).raw(std::to_string(value)); }
  void member(std::string_view name, WallTime value) { key(name).text(timeText(value)); }
  void member(std::string_view name, const std::optional<WallTime>& value) {
    if (value) member(name, *value);
  }
  void member(std::string_view name, const std::optional<double>& value) {
    if (value && std::isfinite(*value)) key(name).raw(json::serialize(json::value(*value)));
  }
  void flag(std::string_view name, bool value) { key(name).raw(value ? "true" : "false"); }
  void member(std::string_view name, const std::vector<std::string>& values) {
    array(name, values, [&](const std::string& value) { text(value); });
  }

  template <typename Items, typename Write>
  void array(std::string_view name, const Items& items, Write write) {
    key(name).open('[');
    for (const auto& item : items) write(item);
    close(']');
  }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

void writeCounts(JsonWriter& out, std::string_view name, const std::vector<DropCount>& counts) {
  out.array(name, counts, [&](const DropCount& count) {
    out.open('{');
    out.member("reason", count.reason);
    out.member("packets", count.packets);
    out.close('}');
  });
}

void writeMedia(JsonWriter& out, const LegMedia& media) {
  out.key("media").open('{');
  out.member("packets_in", media.packets_in);
  out.member("bytes_in", media.bytes_in);
  out.member("packets_out", media.packets_out);
  out.member("bytes_out", media.bytes_out);
  writeCounts(out, "drops", media.drops);
  out.member("loss_percent", media.loss_percent);
  out.member("jitter_ms", media.jitter_ms);
  out.member("mos", media.mos);
  out.member("transcoded_to", media.transcoded_to);
  out.member("repacketised", media.repacketised);
  out.member("transcoded", media.transcoded);
  out.member("concealed", media.concealed);
  out.member("latched_source", media.latched_source);
  out.member("finding", media.finding);
  out.close('}');
}

void writeLeg(JsonWriter& out, const LegRecord& leg) {
  out.open('{');
  out.member("peer", leg.peer);
  out.member("identity", leg.identity);
  out.member("proven_by", leg.proven_by);
  out.flag("unprotected", leg.unprotected);
  out.member("sans", leg.sans);
  out.member("fingerprint", leg.fingerprint);
  out.member("issuer", leg.issuer);
  out.member("serial", leg.serial);
  out.member("transport", leg.transport);
  out.member("tls_version", leg.tls_version);
  out.member("tls_suite", leg.tls_suite);
  out.member("local_endpoint", leg.local_endpoint);
  out.member("remote_endpoint", leg.remote_endpoint);
  out.member("sip_call_id", leg.sip_call_id);
  out.member("srtp_suite", leg.srtp_suite);
  out.member("keying", leg.keying);
  out.member("dtls_fingerprint", leg.dtls_fingerprint);
  out.flag("dtls_verified", leg.dtls_verified);
  out.member("found_by", leg.found_by);
  out.member("path", leg.path);
  out.member("codec", leg.codec);
  out.array("pinholes", leg.pinholes, [&](const Pinhole& pinhole) {
    out.open('{');
    out.member("address", pinhole.address);
    out.member("port", std::uint64_t{pinhole.port});
    out.member("opened", pinhole.opened);
    out.member("closed", pinhole.closed);
    out.close('}');
  });
  writeMedia(out, leg.media);
  out.close('}');
}

// --- in: absent or mistyped members end the reading ---

struct BadField : std::exception {
  explicit BadField(std::string_view name) : field(name) {}
  const char* what() const noexcept override { return field.c_str(); }
  std::string field;
};

class ObjectReader {
 public:
  explicit ObjectReader(const json::value& value, std::string_view name) : object_(value.if_object()) {
    if (object_ == nullptr) throw BadField{name};
  }

  const json::value& at(std::string_view name) const {
    const auto* value = object_->if_contains({name.data(), name.size()});
    if (value == nullptr) throw BadField{name};
    return *value;
  }

  bool has(std::string_view name) const { return object_->if_contains({name.data(), name.size()}) != nullptr; }
  void read(std::string_view name, std::string& out) const { out = asText(at(name), name); }
  void read(std::string_view name, std::uint64_t& out) const { out = asCount(name, UINT64_MAX); }
  void read(std::string_view name, unsigned& out) const { out = static_cast<unsigned>(asCount(name, UINT32_MAX)); }
  void read(std::string_view name, std::uint16_t& out) const {
    out = static_cast<std::uint16_t>(asCount(name, UINT16_MAX));
  }
  void read(std::string_view name, WallTime& out) const {
    const auto time = parseTime(asText(at(name), name));
    if (!time) throw BadField{name};
    out = *time;
  }
  template <typename T>
  void read(std::string_view name, std::optional<T>& out) const {
    if (!has(name)) return;
    read(name, out.emplace());
  }
  void read(std::string_view name, double& out) const {
    const auto& value = at(name);
    if (!value.is_number()) throw BadField{name};
    out = value.to_number<double>();
  }
  void read(std::string_view name, bool& out) const {
    const auto* value = at(name).if_bool();
    if (value == nullptr) throw BadField{name};
    out = *value;
  }
  void read(std::string_view name, std::vector<std::string>& out) const {
    for (const auto& item : list(name)) out.push_back(asText(item, name));
  }

  const json::array& list(std::string_view name) const {
    const auto* array = at(name).if_array();
    if (array == nullptr) throw BadField{name};
    return *array;
  }

 private:
  static std::string asText(const json::value& value, std::string_view name) {
    const auto* text = value.if_string();
    if (text == nullptr) throw BadField{name};
    return {text->data(), text->size()};
  }

  std::uint64_t asCount(std::string_view name, std::uint64_t maximum) const {
    const auto& value = at(name);
    const auto* number = value.if_int64();
    const bool natural = number != nullptr && *number >= 0;
    if (!natural && !value.is_uint64()) throw BadField{name};
    const auto count = natural ? static_cast<std::uint64_t>(*number) : value.get_uint64();
    if (count > maximum) throw BadField{name};
    return count;
  }

  const json::object* object_;
};

std::vector<DropCount> readCounts(const ObjectReader& from, std::string_view name) {
  std::vector<DropCount> counts;
  for (const auto& item : from.list(name)) {
    const ObjectReader entry{item, name};
    auto& count = counts.emplace_back();
    entry.read("reason", count.reason);
    entry.read("packets", count.packets);
  }
  return counts;
}

LegMedia readMedia(const ObjectReader& from) {
  LegMedia media;
  from.read("packets_in", media.packets_in);
  from.read("bytes_in", media.bytes_in);
  from.read("packets_out", media.packets_out);
  from.read("bytes_out", media.bytes_out);
  media.drops = readCounts(from, "drops");
  from.read("loss_percent", media.loss_percent);
  from.read("jitter_ms", media.jitter_ms);
  from.read("mos", media.mos);
  if (from.has("transcoded_to")) {  // records of versions before have none
    from.read("transcoded_to", media.transcoded_to);
    from.read("transcoded", media.transcoded);
    from.read("concealed", media.concealed);
  }
  if (from.has("repacketised")) from.read("repacketised", media.repacketised);
  from.read("latched_source", media.latched_source);
  from.read("finding", media.finding);
  return media;
}

LegRecord readLeg(const ObjectReader& from) {
  LegRecord leg;
  from.read("peer", leg.peer);
  from.read("identity", leg.identity);
  from.read("proven_by", leg.proven_by);
  if (from.has("unprotected")) from.read("unprotected", leg.unprotected);
  from.read("sans", leg.sans);
  from.read("fingerprint", leg.fingerprint);
  from.read("issuer", leg.issuer);
  from.read("serial", leg.serial);
  if (from.has("transport")) from.read("transport", leg.transport);
  from.read("tls_version", leg.tls_version);
  from.read("tls_suite", leg.tls_suite);
  from.read("local_endpoint", leg.local_endpoint);
  from.read("remote_endpoint", leg.remote_endpoint);
  from.read("sip_call_id", leg.sip_call_id);
  from.read("srtp_suite", leg.srtp_suite);
  from.read("keying", leg.keying);
  if (from.has("dtls_fingerprint")) from.read("dtls_fingerprint", leg.dtls_fingerprint);
  if (from.has("dtls_verified")) from.read("dtls_verified", leg.dtls_verified);
  if (from.has("found_by")) from.read("found_by", leg.found_by);
  if (from.has("path")) from.read("path", leg.path);
  from.read("codec", leg.codec);
  for (const auto& item : from.list("pinholes")) {
    const ObjectReader entry{item, "pinholes"};
    auto& pinhole = leg.pinholes.emplace_back();
    entry.read("address", pinhole.address);
    entry.read("port", pinhole.port);
    entry.read("opened", pinhole.opened);
    entry.read("closed", pinhole.closed);
  }
  leg.media = readMedia(ObjectReader{from.at("media"), "media"});
  return leg;
}

std::vector<CallAttempt> readAttempts(const ObjectReader& from) {
  std::vector<CallAttempt> attempts;
  for (const auto& item : from.list("attempts")) {
    const ObjectReader entry{item, "attempts"};
    auto& attempt = attempts.emplace_back();
    entry.read("target", attempt.target);
    entry.read("status", attempt.status);
    entry.read("code", attempt.code);
    entry.read("ms", attempt.milliseconds);
  }
  return attempts;
}

CallRecord readRecord(const ObjectReader& from) {
  CallRecord record;
  from.read("call_id", record.call_id);
  from.read("worker", record.worker);
  from.read("started", record.started);
  from.read("answered", record.answered);
  from.read("ended", record.ended);
  from.read("from", record.from);
  from.read("to", record.to);
  from.read("route", record.route);
  from.read("asserted_identity", record.asserted_identity);
  const auto& legs = from.list("legs");
  if (legs.size() != record.legs.size()) throw BadField{"legs"};
  for (std::size_t i = 0; i < legs.size(); ++i) record.legs[i] = readLeg(ObjectReader{legs[i], "legs"});
  for (const auto& item : from.list("guard")) {
    const ObjectReader entry{item, "guard"};
    auto& decision = record.guard.emplace_back();
    entry.read("rule", decision.rule);
    entry.read("action", decision.action);
    entry.read("reason", decision.reason);
  }
  if (from.has("attempts")) record.attempts = readAttempts(from);
  if (from.has("zrtp_refusals")) record.zrtp_refusals = readCounts(from, "zrtp_refusals");
  from.read("downgrades", record.downgrades);
  const ObjectReader end{from.at("end"), "end"};
  end.read("code", record.end.code);
  end.read("text", record.end.text);
  end.read("by", record.end.by);
  end.read("sip_status", record.end.sip_status);
  return record;
}

}  // namespace

std::string toJson(const CallRecord& record) {
  JsonWriter out;
  out.open('{');
  out.member("call_id", record.call_id);
  out.member("worker", std::uint64_t{record.worker});
  out.member("started", record.started);
  out.member("answered", record.answered);
  out.member("ended", record.ended);
  out.member("from", record.from);
  out.member("to", record.to);
  out.member("route", record.route);
  out.member("asserted_identity", record.asserted_identity);
  out.array("legs", record.legs, [&](const LegRecord& leg) { writeLeg(out, leg); });
  out.array("guard", record.guard, [&](const GuardDecision& decision) {
    out.open('{');
    out.member("rule", decision.rule);
    out.member("action", decision.action);
    out.member("reason", decision.reason);
    out.close('}');
  });
  out.array("attempts", record.attempts, [&](const CallAttempt& attempt) {
    out.open('{');
    out.member("target", attempt.target);
    out.member("status", std::uint64_t{attempt.status});
    out.member("code", attempt.code);
    out.member("ms", attempt.milliseconds);
    out.close('}');
  });
  writeCounts(out, "zrtp_refusals", record.zrtp_refusals);
  out.member("downgrades", record.downgrades);
  out.key("end").open('{');
  out.member("code", record.end.code);
  out.member("text", record.end.text);
  out.member("by", record.end.by);
  out.member("sip_status", std::uint64_t{record.end.sip_status});
  out.close('}');
  out.close('}');
  return out.take();
}

Result<CallRecord> fromJson(std::string_view text) {
  if (text.size() > kLargestRecord) return Error{ErrorKind::misconfigured, "call_record.json", "larger than 4 MiB"};
  try {
    boost::system::error_code failure;
    const auto value = json::parse({text.data(), text.size()}, failure);
    if (failure) return Error{ErrorKind::misconfigured, "call_record.json", failure.message()};
    if (!value.is_object()) return Error{ErrorKind::misconfigured, "call_record.json", "not an object"};
    return readRecord(ObjectReader{value, "record"});
  } catch (const BadField& bad) {
    return Error{ErrorKind::misconfigured, "call_record.field", bad.field};
  } catch (const std::exception& failure) {
    return Error{ErrorKind::misconfigured, "call_record.json", failure.what()};
  }
}

}  // namespace sallyport::telemetry
