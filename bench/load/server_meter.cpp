// SPDX-License-Identifier: Apache-2.0
#include "load/server_meter.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <unordered_map>

namespace sallyport::load {
namespace {

namespace fs = std::filesystem;

bool isNumber(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The fourth field of /proc/PID/stat; the second is a name in brackets that may hold anything.
int parentOf(const fs::path& process) {
  std::ifstream in{process / "stat"};
  std::string line;
  std::getline(in, line);
  const auto bracket = line.rfind(')');
  if (bracket == std::string::npos || bracket + 4 > line.size()) return 0;
  return std::atoi(line.c_str() + bracket + 4);
}

std::vector<int> familyOf(int root) {
  std::unordered_multimap<int, int> children;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{"/proc", failed}) {
    const auto name = entry.path().filename().string();
    if (isNumber(name)) children.emplace(parentOf(entry.path()), std::stoi(name));
  }
  std::vector<int> family{root};
  for (std::size_t i = 0; i < family.size(); ++i) {
    const auto [first, last] = children.equal_range(family[i]);
    for (auto child = first; child != last; ++child) family.push_back(child->second);
  }
  return family;
}

// Nanoseconds on a processor, of every thread: finer than the clock ticks of /proc/PID/stat.
std::uint64_t cpuOf(const fs::path& process) {
  std::uint64_t sum = 0;
  std::error_code failed;
  for (const auto& thread : fs::directory_iterator{process / "task", failed}) {
    std::ifstream in{thread.path() / "schedstat"};
    std::uint64_t running = 0;
    if (in >> running) sum += running;
  }
  return sum;
}

std::uint64_t proportionalBytesOf(const fs::path& process) {
  std::ifstream in{process / "smaps_rollup"};
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("Pss:")) return std::strtoull(line.c_str() + 4, nullptr, 10) * 1'024;
  }
  return 0;
}

fs::path folderOf(int pid) { return fs::path{"/proc"} / std::to_string(pid); }

}  // namespace

Result<ServerMeter> ServerMeter::of(int pid) {
  if (!fs::exists(folderOf(pid) / "task")) {
    return Error{ErrorKind::misconfigured, "load.server.missing", "no process " + std::to_string(pid)};
  }
  return ServerMeter{pid};
}

Usage ServerMeter::read() const {
  Usage usage;
  for (const int pid : familyOf(pid_)) {
    usage.cpu += std::chrono::nanoseconds{cpuOf(folderOf(pid))};
    usage.resident_bytes += proportionalBytesOf(folderOf(pid));
  }
  return usage;
}

std::chrono::nanoseconds ownCpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto nanoseconds = [](const timeval& t) {
    return std::chrono::seconds{t.tv_sec} + std::chrono::microseconds{t.tv_usec};
  };
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

}  // namespace sallyport::load
