// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "telemetry/call_record.h"
#include "telemetry/text.h"

namespace sallyport::telemetry {
namespace {

constexpr std::size_t kWidestCell = 46;  // longer facts continue on the next line

struct Box {
  std::string_view horizontal, vertical, top_left, top_right, bottom_left, bottom_right, left, right, top, bottom,
      cross;
};
constexpr Box kUnicode{"─", "│", "┌", "┐", "└", "┘", "├", "┤", "┬", "┴", "┼"};
constexpr Box kAscii{"-", "|", "+", "+", "+", "+", "+", "+", "+", "+", "+"};

// What a cell says, each a line of its own; hostile line ends stay inside of theirs.
using Lines = std::vector<std::string>;

struct Row {
  std::string what;
  Lines first;   // the caller's, or the call's
  Lines second;  // the callee's
};

Lines lines(std::string text) { return text.empty() ? Lines{} : Lines{std::move(text)}; }

std::string fixed(double value, int digits) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits).ptr;
  return {text, end};
}

std::string durationText(WallTime from, WallTime to) {
  const std::chrono::duration<double> length = to - from;
  const auto whole = static_cast<long long>(length.count());
  if (whole < 60) return fixed(length.count(), 1) + " s";
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

// Each line made safe to show and cut to `width` columns, at a blank or colon where one is near.
Lines wrapped(const Lines& cell, std::size_t width) {
  Lines out;
  for (const auto& text : cell) {
    auto line = visible(text);
    while (displayWidth(line) > width) {
      std::size_t cut = 0, columns = 0, good = 0;
      while (columns < width) {
        do ++cut;
        while (cut < line.size() && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80);
        ++columns;
        if (columns > width / 2 && (line[cut - 1] == ' ' || line[cut - 1] == ':')) good = cut;
      }
      if (good > 0) cut = good;
      out.push_back(line.substr(0, cut));
      line.erase(0, cut);
    }
    out.push_back(std::move(line));
  }
  return out;
}

class Table {
 public:
  explicit Table(const Box& box) : box_(box) {}

  void title(std::string text) { title_ = std::move(text); }
  // A fact of the whole call; left out when there is nothing to say.
  void fact(std::string what, Lines value) {
    if (!value.empty()) facts_.push_back({std::move(what), std::move(value), {}});
  }
  void legs(std::string what, Lines caller, Lines callee) {
    if (caller.empty() && callee.empty()) return;
    if (caller.empty()) caller = {"-"};
    if (callee.empty()) callee = {"-"};
    legs_.push_back({std::move(what), std::move(caller), std::move(callee)});
  }

  std::string render() {
    measure();
    out_ = visible(title_) + "\n";
    rule(box_.top_left, box_.horizontal, box_.top_right);
    for (const auto& row : facts_) joinedRow(row);
    rule(box_.left, box_.top, box_.right);
    for (std::size_t i = 0; i < legs_.size(); ++i) {
      splitRow(legs_[i]);
      if (i == 0) rule(box_.left, box_.cross, box_.right);
    }
    rule(box_.bottom_left, box_.bottom, box_.bottom_right);
    return std::move(out_);
  }

 private:
  void measure() {
    for (const auto* rows : {&facts_, &legs_}) {
      for (const auto& row : *rows) widths_[0] = std::max(widths_[0], displayWidth(row.what));
    }
    const auto widen = [](std::size_t& width, const Lines& cell, std::size_t limit) {
      for (const auto& line : wrapped(cell, limit)) width = std::max(width, displayWidth(line));
    };
    for (const auto& row : legs_) {
      widen(widths_[1], row.first, kWidestCell);
      widen(widths_[2], row.second, kWidestCell);
    }
    std::size_t widest_fact = 0;
    for (const auto& row : facts_) widen(widest_fact, row.first, 2 * kWidestCell);
    const auto both = widths_[1] + widths_[2] + 3;
    if (widest_fact > both) widths_[2] += widest_fact - both;
  }

  void repeat(std::string_view piece, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) out_ += piece;
  }

  void rule(std::string_view left, std::string_view middle, std::string_view right) {
    out_ += left;
    repeat(box_.horizontal, widths_[0] + 2);
    out_ += left == box_.top_left ? box_.top : left == box_.bottom_left ? box_.bottom : box_.cross;
    repeat(box_.horizontal, widths_[1] + 2);
    out_ += middle;
    repeat(box_.horizontal, widths_[2] + 2);
    out_ += right;
    out_ += '\n';
  }

  void cell(const std::string& text, std::size_t width) {
    out_ += box_.vertical;
    out_ += ' ' + text;
    repeat(" ", width - std::min(width, displayWidth(text)) + 1);
  }

  void joinedRow(const Row& row) {
    const auto width = widths_[1] + widths_[2] + 3;
    const auto text = wrapped(row.first, width);
    for (std::size_t i = 0; i < text.size(); ++i) {
      cell(i == 0 ? row.what : std::string{}, widths_[0]);
      cell(text[i], width);
      out_ += std::string{box_.vertical} + "\n";
    }
  }

  void splitRow(const Row& row) {
    const auto caller = wrapped(row.first, kWidestCell);
    const auto callee = wrapped(row.second, kWidestCell);
    for (std::size_t i = 0; i < std::max(caller.size(), callee.size()); ++i) {
      cell(i == 0 ? row.what : std::string{}, widths_[0]);
      cell(i < caller.size() ? caller[i] : std::string{}, widths_[1]);
      cell(i < callee.size() ? callee[i] : std::string{}, std::max(widths_[2], std::size_t{1}));
      out_ += std::string{box_.vertical} + "\n";
    }
  }

  const Box& box_;
  std::string title_, out_;
  std::vector<Row> facts_, legs_;
  std::array<std::size_t, 3> widths_{};
};

Lines pinholeLines(const LegRecord& leg) {
  Lines out;
  for (const auto& pinhole : leg.pinholes) {
    const bool v6 = pinhole.address.find(':') != std::string::npos && !pinhole.address.starts_with('[');
    out.push_back((v6 ? "[" + pinhole.address + "]" : pinhole.address) + ":" + std::to_string(pinhole.port) +
                  " opened " + timeText(pinhole.opened).substr(11, 12) +
                  (pinhole.closed ? ", closed " + timeText(*pinhole.closed).substr(11, 12) : ", still open"));
  }
  return out;
}

Lines countLines(std::uint64_t packets, std::uint64_t bytes) {
  return {std::to_string(packets) + " packets, " + std::to_string(bytes) + " bytes"};
}

Lines countedLines(const std::vector<DropCount>& counts) {
  Lines out;
  for (const auto& count : counts) out.push_back(std::to_string(count.packets) + " " + count.reason);
  return out;
}

Lines dropLines(const LegRecord& leg) {
  auto out = countedLines(leg.media.drops);
  return out.empty() && leg.media.packets_in > 0 ? Lines{"none"} : out;
}

Lines qualityLines(const LegRecord& leg) {
  std::string out;
  const auto add = [&](std::string_view name, const std::optional<double>& value, int digits, std::string_view unit) {
    if (!value) return;
    out += (out.empty() ? "" : ", ") + std::string{name} + " " + fixed(*value, digits) + std::string{unit};
  };
  add("loss", leg.media.loss_percent, 2, " %");
  add("jitter", leg.media.jitter_ms, 1, " ms");
  add("MOS", leg.media.mos, 2, "");
  return lines(out);
}

Lines codecLines(const LegRecord& leg) {
  const auto& media = leg.media;
  if (media.transcoded_to.empty() && media.repacketised.empty()) return lines(leg.codec);
  auto made = media.repacketised.empty() ? "sent on as " + media.transcoded_to : "repacketised " + media.repacketised;
  made += ", " + std::to_string(media.transcoded) + " packets";
  if (media.concealed > 0) made += ", " + std::to_string(media.concealed) + " concealed";
  return {leg.codec, std::move(made)};
}

std::string causeText(const EndCause& end) {
  if (end.code.empty()) return "the call is up";
  std::string cause = end.code;
  if (!end.text.empty()) cause += ": " + end.text;
  if (!end.by.empty()) cause += " (by " + end.by + ")";
  if (end.sip_status > 0) cause += ", SIP " + std::to_string(end.sip_status);
  return cause;
}

void addCall(Table& table, const CallRecord& record) {
  table.title("Call " + record.call_id);
  table.fact("from", lines(record.from));
  table.fact("to", lines(record.to));
  table.fact("started", {timeText(record.started) + " (worker " + std::to_string(record.worker) + ")"});
  table.fact("answered",
             {record.answered ? timeText(*record.answered) + ", after " + durationText(record.started, *record.answered)
                              : std::string{"no"}});
  if (record.ended) {
    table.fact("ended", {timeText(*record.ended) +
                         (record.answered ? ", talked " + durationText(*record.answered, *record.ended) : "")});
  }
  table.fact("end cause", {causeText(record.end)});
  table.fact("route", lines(record.route));
  table.fact("asserted identity", lines(record.asserted_identity));
  Lines guard;
  for (const auto& decision : record.guard) {
    guard.push_back(decision.rule + ": " + decision.action +
                    (decision.reason.empty() ? "" : " (" + decision.reason + ")"));
  }
  table.fact("guard", std::move(guard));
  if (!record.zrtp_refusals.empty()) table.fact("refused of ZRTP", countedLines(record.zrtp_refusals));
  table.fact("downgrades", record.downgrades.empty() ? Lines{"none"} : record.downgrades);
}

}  // namespace

std::string toTable(const CallRecord& record, TableStyle style) {
  Table table{style == TableStyle::unicode ? kUnicode : kAscii};
  addCall(table, record);
  const auto both = [&](std::string what, auto cell) {
    table.legs(std::move(what), cell(record.legs[0]), cell(record.legs[1]));
  };
  const auto text = [&](std::string what, std::string LegRecord::*member) {
    both(std::move(what), [&](const LegRecord& leg) { return lines(leg.*member); });
  };
  table.legs("leg", {"caller"}, {"callee"});
  text("peer", &LegRecord::peer);
  text("authenticated as", &LegRecord::identity);
  text("proven by", &LegRecord::proven_by);
  both("certificate names", [](const LegRecord& leg) { return leg.sans; });
  text("fingerprint", &LegRecord::fingerprint);
  text("issuer", &LegRecord::issuer);
  text("serial", &LegRecord::serial);
  text("signalling over", &LegRecord::transport);
  both("TLS", [](const LegRecord& leg) {
    if (leg.unprotected) return lines("UNPROTECTED: plain TCP");
    return lines(leg.tls_version + (leg.tls_suite.empty() ? "" : " " + leg.tls_suite));
  });
  text("their end", &LegRecord::remote_endpoint);
  text("our end", &LegRecord::local_endpoint);
  text("SIP Call-ID", &LegRecord::sip_call_id);
  both("SRTP", [](const LegRecord& leg) {
    if (leg.unprotected && !leg.codec.empty()) return lines("UNPROTECTED: plain RTP");
    return lines(leg.srtp_suite + (leg.keying.empty() ? "" : ", keyed by " + leg.keying));
  });
  both("DTLS certificate", [](const LegRecord& leg) {
    if (leg.dtls_fingerprint.empty()) return Lines{};
    return Lines{leg.dtls_fingerprint, leg.dtls_verified ? "announced and shown" : "announced, not shown yet"};
  });
  both("media found by",
       [](const LegRecord& leg) { return lines(leg.found_by + (leg.path.empty() ? "" : ", at " + leg.path)); });
  both("codec", codecLines);
  both("pinholes", pinholeLines);
  both("voice from", [](const LegRecord& leg) { return lines(leg.media.latched_source); });
  const bool agreed = std::any_of(record.legs.begin(), record.legs.end(), [](const LegRecord& leg) {
    return !leg.srtp_suite.empty() || !leg.codec.empty() || leg.media.packets_in > 0;
  });
  if (agreed) {
    both("received", [](const LegRecord& leg) { return countLines(leg.media.packets_in, leg.media.bytes_in); });
    both("sent", [](const LegRecord& leg) { return countLines(leg.media.packets_out, leg.media.bytes_out); });
  }
  both("dropped", dropLines);
  both("quality", qualityLines);
  both("finding", [](const LegRecord& leg) { return lines(leg.media.finding); });
  return table.render();
}

}  // namespace sallyport::telemetry
