// SPDX-License-Identifier: Apache-2.0
#include "guard/decision_log.h"

#include <algorithm>
#include <array>
#include <functional>

namespace sallyport::guard {
namespace {

constexpr std::size_t kCells = 256;
constexpr unsigned kRecordedPerSecond = 32;

// Text cut to fit.
template <std::size_t kMost>
class CutText {
 public:
  void assign(std::string_view text) {
    size_ = static_cast<std::uint16_t>(std::min(text.size(), kMost));
    std::copy_n(text.begin(), size_, bytes_.begin());
  }
  std::string_view view() const { return {bytes_.data(), size_}; }
  std::string text() const { return std::string{view()}; }

 private:
  std::array<char, kMost> bytes_;  // meaningful up to size_
  std::uint16_t size_ = 0;
};

// Text that is looked for: the whole text's hash tells apart what the cut made alike.
template <std::size_t kMost>
class SoughtText : public CutText<kMost> {
 public:
  void assign(std::string_view text) {
    CutText<kMost>::assign(text);
    hash_ = std::hash<std::string_view>{}(text);
  }
  bool is(std::string_view whole, std::size_t hash) const {
    return !whole.empty() && hash_ == hash && this->view() == whole.substr(0, kMost);
  }

 private:
  std::size_t hash_ = 0;
};

// A subject as it may be written: any of the texts, or an address.
struct Subject {
  explicit Subject(std::string_view subject)
      : text(subject), hash(std::hash<std::string_view>{}(subject)), address(IpAddress::parse(subject)) {}

  std::string_view text;
  std::size_t hash;
  std::optional<IpAddress> address;
};

}  // namespace

struct DecisionLog::Record {
  TimePoint when{};
  IpAddress source;
  Action action = Action::admit;
  RequestScope scope = RequestScope::initial;
  bool shadow = false;
  std::uint64_t repeats = 0;
  std::string_view rule;  // static storage
  const char* code = "";
  CutText<192> facts;
  SoughtText<64> peer;
  SoughtText<128> identity;
  CutText<16> method;
  CutText<64> request_host;
  SoughtText<128> call_id;

  void fill(const RequestFacts& request, TimePoint now) {
    when = now;
    source = request.source;
    scope = request.scope;
    repeats = 0;
    peer.assign(request.peer);
    identity.assign(request.identity);
    method.assign(request.method);
    request_host.assign(request.request_host);
    call_id.assign(request.call_id);
  }

  bool concerns(const Subject& subject) const {
    return call_id.is(subject.text, subject.hash) || identity.is(subject.text, subject.hash) ||
           peer.is(subject.text, subject.hash) || (subject.address && *subject.address == source);
  }

  Decision decision() const {
    Decision out;
    out.when = when;
    out.action = action;
    out.rule = rule;
    out.code = code;
    out.facts = facts.text();
    out.peer = peer.text();
    out.identity = identity.text();
    out.source = source.toString();
    out.method = method.text();
    out.request_host = request_host.text();
    out.call_id = call_id.text();
    out.scope = scope;
    out.shadow = shadow;
    out.repeats = repeats;
    return out;
  }
};

struct DecisionLog::Ring {
  // Refusals of one rule against one source within the current second.
  struct Cell {
    std::size_t key = 0;
    TimePoint since{};
    unsigned recorded = 0;
    std::uint64_t latest = 0;  // sequence number of its newest record
  };

  explicit Ring(std::size_t size) : records(std::max<std::size_t>(size, 1)) {}

  Record& next() { return records[written++ % records.size()]; }
  bool keeps(std::uint64_t sequence) const { return sequence < written && written - sequence <= records.size(); }

  // Newest first, until `visit` says stop.
  template <typename Visit>
  void eachNewestFirst(Visit&& visit) const {
    const auto held = std::min<std::uint64_t>(written, records.size());
    for (std::uint64_t i = 1; i <= held; ++i) {
      if (!visit(records[(written - i) % records.size()])) return;
    }
  }

  std::vector<Record> records;
  std::uint64_t written = 0;
  std::array<Cell, kCells> cells;
};

DecisionLog::DecisionLog(std::size_t records_per_ring)
    : admitted_(std::make_unique<Ring>(records_per_ring)), refused_(std::make_unique<Ring>(records_per_ring)) {}

DecisionLog::~DecisionLog() = default;

void DecisionLog::admitted(const RequestFacts& facts, TimePoint now) {
  const std::lock_guard lock{admitted_mutex_};
  Record& record = admitted_->next();
  record.fill(facts, now);
}

void DecisionLog::refused(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now) {
  recordRefusal(facts, rule, verdict, now, Weight::decided);
}

void DecisionLog::wouldRefuse(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now) {
  recordRefusal(facts, rule, verdict, now, Weight::shadow);
}

void DecisionLog::recordRefusal(const RequestFacts& facts, std::string_view rule, const Verdict& verdict, TimePoint now,
                                Weight weight) {
  const auto key = std::hash<IpAddress>{}(facts.source) * 31 + std::hash<std::string_view>{}(rule);
  const std::lock_guard lock{refused_mutex_};
  auto& cell = refused_->cells[key % kCells];
  if (cell.key != key || now - cell.since >= std::chrono::seconds{1}) cell = {key, now, 0, 0};
  if (cell.recorded >= kRecordedPerSecond && refused_->keeps(cell.latest)) {
    ++refused_->records[cell.latest % refused_->records.size()].repeats;
    return;
  }
  ++cell.recorded;
  cell.latest = refused_->written;
  Record& record = refused_->next();
  record.fill(facts, now);
  record.action = verdict.action;
  record.shadow = weight == Weight::shadow;
  record.rule = rule;
  record.code = verdict.code;
  record.facts.assign(verdict.facts);
}

std::vector<Decision> DecisionLog::select(const Wanted& wanted, std::size_t at_most) const {
  std::vector<Decision> found;
  const auto collect = [&](const Ring& ring, std::mutex& mutex) {
    const std::lock_guard lock{mutex};
    std::size_t taken = 0;
    ring.eachNewestFirst([&](const Record& record) {
      if (taken == at_most) return false;
      if (!wanted(record)) return true;
      found.push_back(record.decision());
      ++taken;
      return true;
    });
  };
  collect(*admitted_, admitted_mutex_);
  collect(*refused_, refused_mutex_);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.when > b.when; });
  if (found.size() > at_most) found.resize(at_most);
  return found;
}

std::vector<Decision> DecisionLog::about(std::string_view subject, std::size_t at_most) const {
  const Subject wanted{subject};
  return select([&](const Record& record) { return record.concerns(wanted); }, at_most);
}

std::vector<Decision> DecisionLog::latest(std::size_t at_most) const {
  return select([](const Record&) { return true; }, at_most);
}

}  // namespace sallyport::guard
