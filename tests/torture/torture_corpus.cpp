// SPDX-License-Identifier: Apache-2.0
#include "torture_corpus.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace sallyport::torture {
namespace {

namespace fs = std::filesystem;

// RFC 5118's archive holds text, not wire bytes: bare LFs, two messages without their empty line, and
// Content-Lengths that fit neither line ending. The text becomes a message of the length it has.
std::string toWire(const std::string& text) {
  std::string wire;
  for (const char c : text) {
    if (c == '\n') wire.push_back('\r');
    wire.push_back(c);
  }
  if (wire.find("\r\n\r\n") == std::string::npos) wire += "\r\n";
  const std::size_t body = wire.find("\r\n\r\n") + 4;
  const std::string name = "Content-Length: ";
  const std::size_t value = wire.find(name) + name.size();
  return wire.replace(value, wire.find('\r', value) - value, std::to_string(wire.size() - body));
}

// A replay file is messages, each behind its length in four little-endian bytes.
std::string withoutLengths(const std::string& replay) {
  std::string wire;
  for (std::size_t at = 0; at + 4 <= replay.size();) {
    std::size_t size = 0;
    for (std::size_t i = 4; i-- > 0;) size = size << 8 | static_cast<unsigned char>(replay[at + i]);
    wire += replay.substr(at + 4, size);
    at += 4 + size;
  }
  return wire;
}

using Convert = std::function<std::string(const std::string&)>;

void load(const fs::path& folder, const std::string& corpus, const std::function<bool(const fs::path&)>& wanted,
          std::vector<Specimen>& out) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator{folder}) {
    if (entry.is_regular_file() && wanted(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    std::string bytes = readFile(file);
    if (corpus == "rfc5118") bytes = toWire(bytes);
    // RFC 4475's archive cuts baddn.dat before the empty line that the RFC prints.
    if (file.filename() == "baddn.dat" && !bytes.ends_with("\r\n\r\n")) bytes += "\r\n";
    if (file.parent_path().filename() == "in-sip-replay") bytes = withoutLengths(bytes);
    out.push_back({corpus, file.lexically_relative(folder).string(), std::move(bytes)});
  }
}

}  // namespace

std::optional<fs::path> corporaRoot() {
  const char* named = std::getenv("SALLYPORT_CORPORA");
  fs::path root = named != nullptr ? fs::path{named} : fs::path{SALLYPORT_SOURCE_DIR "/../shared/corpora"};
  if (!fs::is_directory(root / "sip-rfc4475")) return std::nullopt;
  return root;
}

std::vector<Specimen> loadSpecimens(const fs::path& root) {
  std::vector<Specimen> out;
  load(
      root / "sip-rfc4475", "rfc4475", [](const fs::path& p) { return p.extension() == ".dat"; }, out);
  load(
      root / "sip-rfc5118", "rfc5118", [](const fs::path& p) { return p.extension().empty(); }, out);
  load(
      root / "sip-hostile-messages", "hostile", [](const fs::path& p) { return p.extension() == ".sip"; }, out);
  load(
      root / "sip-profuzzbench/subjects/SIP", "profuzzbench", [](const fs::path& p) { return p.extension() == ".raw"; },
      out);
  return out;
}

std::vector<Expectation> loadExpectations(const fs::path& file) {
  std::ifstream in{file};
  if (!in) throw std::runtime_error{"cannot read " + file.string()};
  std::vector<Expectation> out;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> cells;
    std::stringstream row{line};
    for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
    if (cells.size() != 9 || cells[8].empty()) {
      throw std::runtime_error{file.string() + ":" + std::to_string(number) + ": nine cells and a reason wanted"};
    }
    out.push_back(
        {cells[0], cells[1], cells[2], {std::stoul(cells[3]), cells[4], cells[5], cells[6], cells[7]}, cells[8]});
  }
  return out;
}

std::string readFile(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

}  // namespace sallyport::torture
