// SPDX-License-Identifier: Apache-2.0
#include "pki/issue_index.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

#include "core/numbers.h"
#include "pki/durable_file.h"

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::pair<RevocationReason, std::string_view> kReasons[] = {
    {RevocationReason::unspecified, "unspecified"},
    {RevocationReason::keyCompromise, "key-compromise"},
    {RevocationReason::superseded, "superseded"},
    {RevocationReason::cessationOfOperation, "cessation-of-operation"},
};

std::string timeText(WallTime time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &fields);
  return {text.data(), size};
}

// Exactly "2027-01-15T08:00:00Z".
std::optional<WallTime> parseTime(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  if (text.size() != kShape.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kShape[i] != 'd' && kShape[i] != text[i]) return std::nullopt;
  }
  const auto year = parseUnsigned(text.substr(0, 4), 1970, 2261);  // what system_clock holds
  const auto month = parseUnsigned(text.substr(5, 2), 1, 12);
  const auto day = parseUnsigned(text.substr(8, 2), 1, 31);
  const auto hour = parseUnsigned(text.substr(11, 2), 0, 23);
  const auto minute = parseUnsigned(text.substr(14, 2), 0, 59);
  const auto second = parseUnsigned(text.substr(17, 2), 0, 60);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second};
}

Error damaged(std::string what) { return {ErrorKind::misconfigured, "ca.index.damaged", std::move(what)}; }

Result<std::string> stringAt(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value != nullptr ? value->if_string() : nullptr;
  if (text == nullptr) return damaged("no string \"" + std::string{key} + "\"");
  return std::string{*text};
}

Result<WallTime> timeAt(const json::object& object, std::string_view key) {
  SP_ASSIGN(const auto text, stringAt(object, key));
  if (const auto time = parseTime(text)) return *time;
  return damaged("\"" + std::string{key} + "\" is no time: " + text);
}

Result<crypto::SubjectAltName> parseSan(std::string_view text) {
  using crypto::SanKind;
  for (const auto kind : {SanKind::dns, SanKind::ip, SanKind::uri, SanKind::email}) {
    const auto prefix = std::string{crypto::toString(kind)} + ":";
    if (text.starts_with(prefix)) return crypto::SubjectAltName{kind, std::string{text.substr(prefix.size())}};
  }
  return damaged("no subject alternative name: " + std::string{text});
}

Result<IndexEntry> issuedFrom(const json::object& object) {
  IndexEntry entry;
  SP_ASSIGN(entry.serial, stringAt(object, "serial"));
  SP_ASSIGN(entry.fingerprint, stringAt(object, "fingerprint"));
  SP_ASSIGN(entry.name, stringAt(object, "name"));
  SP_ASSIGN(entry.issued_at, timeAt(object, "at"));
  SP_ASSIGN(entry.not_after, timeAt(object, "not_after"));
  const auto* sans = object.if_contains("sans");
  if (sans == nullptr || !sans->is_array()) return damaged("no list \"sans\"");
  for (const auto& value : sans->get_array()) {
    if (!value.is_string()) return damaged("a subject alternative name that is no string");
    SP_ASSIGN(auto san, parseSan({value.get_string().data(), value.get_string().size()}));
    entry.sans.push_back(std::move(san));
  }
  return entry;
}

std::string lineOf(const json::object& object) { return json::serialize(object) + "\n"; }

}  // namespace

std::string_view toString(RevocationReason reason) {
  for (const auto& [known, text] : kReasons) {
    if (known == reason) return text;
  }
  return "unspecified";
}

std::optional<RevocationReason> parseRevocationReason(std::string_view text) {
  for (const auto& [reason, known] : kReasons) {
    if (known == text) return reason;
  }
  return std::nullopt;
}

Status IssueIndex::createEmpty(const std::filesystem::path& file) {
  return replaceFile(file, std::string_view{}, 0644);
}

Result<IssueIndex> IssueIndex::open(const std::filesystem::path& file, CutLine cut_line) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) {
    return Error{ErrorKind::misconfigured, "ca.index.missing",
                 file.string() + " is not there: without it nothing can be revoked; restore it from a copy"};
  }
  std::ifstream stream{file, std::ios::binary};
  const std::string content{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) {
    return Error{ErrorKind::misconfigured, "ca.index.unreadable", file.string() + ": " + std::strerror(errno)};
  }
  IssueIndex index{file};
  std::size_t at = 0;
  for (std::size_t number = 1; at < content.size(); ++number) {
    const auto end = content.find('\n', at);
    if (end == std::string::npos) {
      if (cut_line == CutLine::mend) SP_TRY(truncateFile(file, at));
      break;
    }
    if (auto applied = index.apply(std::string_view{content}.substr(at, end - at)); !applied) {
      return damaged(file.string() + " line " + std::to_string(number) + ": " + applied.error().detail +
                     "; restore it from a copy, or remove the line if you know what it said");
    }
    at = end + 1;
  }
  return index;
}

Status IssueIndex::apply(std::string_view line) {
  boost::system::error_code failed;
  const auto value = json::parse({line.data(), line.size()}, failed);
  if (failed) return damaged("not JSON: " + failed.message());
  if (!value.is_object()) return damaged("no JSON object");
  const auto& object = value.get_object();
  SP_ASSIGN(const auto event, stringAt(object, "event"));
  if (event == "issued") {
    SP_ASSIGN(auto entry, issuedFrom(object));
    if (by_serial_.contains(entry.serial)) return damaged("serial " + entry.serial + " a second time");
    add(std::move(entry));
    return success();
  }
  if (event == "revoked") {
    SP_ASSIGN(const auto serial, stringAt(object, "serial"));
    SP_ASSIGN(const auto at, timeAt(object, "at"));
    SP_ASSIGN(const auto reason_text, stringAt(object, "reason"));
    const auto reason = parseRevocationReason(reason_text);
    const auto found = by_serial_.find(serial);
    if (!reason) return damaged("unknown reason " + reason_text);
    if (found == by_serial_.end()) return damaged("revokes " + serial + ", which was never issued");
    entries_[found->second].revocation = Revocation{at, *reason};
    return success();
  }
  if (event != "crl") return damaged("unknown event " + event);
  const auto* number = object.if_contains("number");
  if (number == nullptr || !number->is_int64() || number->get_int64() <= 0) return damaged("no CRL number");
  last_crl_number_ = static_cast<std::uint64_t>(number->get_int64());
  return success();
}

void IssueIndex::add(IndexEntry entry) {
  by_serial_.emplace(entry.serial, entries_.size());
  by_fingerprint_.emplace(entry.fingerprint, entries_.size());
  entries_.push_back(std::move(entry));
}

Status IssueIndex::recordIssued(IndexEntry entry) {
  json::array sans;
  for (const auto& san : entry.sans) sans.emplace_back(san.toString());
  SP_TRY(appendToFile(file_, lineOf({{"event", "issued"},
                                     {"serial", entry.serial},
                                     {"fingerprint", entry.fingerprint},
                                     {"name", entry.name},
                                     {"sans", std::move(sans)},
                                     {"at", timeText(entry.issued_at)},
                                     {"not_after", timeText(entry.not_after)}})));
  add(std::move(entry));
  return success();
}

Status IssueIndex::recordRevoked(std::size_t entry, Revocation revocation) {
  SP_CHECK(entry < entries_.size());
  SP_TRY(appendToFile(file_, lineOf({{"event", "revoked"},
                                     {"serial", entries_[entry].serial},
                                     {"at", timeText(revocation.at)},
                                     {"reason", toString(revocation.reason)}})));
  entries_[entry].revocation = revocation;
  return success();
}

Status IssueIndex::recordCrl(std::uint64_t number, WallTime at) {
  SP_TRY(appendToFile(file_,
                      lineOf({{"event", "crl"}, {"number", static_cast<std::int64_t>(number)}, {"at", timeText(at)}})));
  last_crl_number_ = number;
  return success();
}

const IndexEntry* IssueIndex::findByFingerprint(std::string_view fingerprint) const {
  const auto found = by_fingerprint_.find(std::string{fingerprint});
  return found == by_fingerprint_.end() ? nullptr : &entries_[found->second];
}

std::vector<std::size_t> IssueIndex::findCurrent(std::string_view name, WallTime now) const {
  std::vector<std::size_t> current;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const auto& entry = entries_[i];
    if (entry.name == name && !entry.revocation && entry.not_after > now) current.push_back(i);
  }
  return current;
}

}  // namespace sallyport::pki
