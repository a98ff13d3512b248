// SPDX-License-Identifier: Apache-2.0
#include "load/figures.h"

#include <algorithm>
#include <cstdio>

namespace sallyport::load {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

}  // namespace

void Latencies::add(std::chrono::nanoseconds latency) {
  const auto us = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(latency).count());
  ++buckets_[std::min(static_cast<std::size_t>(us), kBuckets - 1)];
  ++count_;
}

double Latencies::microseconds(double share) const {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t us = 0; us < kBuckets; ++us) {
    seen += buckets_[us];
    if (seen > wanted) return static_cast<double>(us);
  }
  return 0;
}

void Report::key(std::string_view name) {
  if (!text_.empty()) text_ += ", ";
  text_ += quoted(name) + ": ";
}

void Report::add(std::string_view name, double value) {
  key(name);
  text_ += number(value);
}

void Report::add(std::string_view name, std::string_view value) {
  key(name);
  text_ += quoted(value);
}

void Report::add(std::string_view name, const std::map<std::string, std::uint64_t>& counts) {
  key(name);
  text_ += '{';
  for (auto it = counts.begin(); it != counts.end(); ++it) {
    if (it != counts.begin()) text_ += ", ";
    text_ += quoted(it->first) + ": " + std::to_string(it->second);
  }
  text_ += '}';
}

}  // namespace sallyport::load
