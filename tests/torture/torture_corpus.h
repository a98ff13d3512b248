// SPDX-License-Identifier: Apache-2.0
#pragma once
// The message collections as wire bytes, and our written expectations of them.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::torture {

struct Specimen {
  std::string corpus;  // "rfc4475", "rfc5118", "hostile", "profuzzbench"
  std::string file;    // relative to the corpus
  std::string bytes;   // as they would arrive
};

// What happened to a specimen, or what is expected to.
struct Outcome {
  std::size_t messages = 0;  // how many became a Message
  std::string verdict;       // "accept" or "reject"
  std::string layer;         // "framer", "parser", "semantic", or "-"
  std::string code;          // of the Error, or "-"
  std::string status;        // what a request is answered with, or "-"

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Expectation {
  std::string corpus, file, transport;  // transport: "stream", "datagram" or "both"
  Outcome outcome;
  std::string reason;
};

// Where the corpora are: SALLYPORT_CORPORA, else beside the source tree; nothing when they are absent.
std::optional<std::filesystem::path> corporaRoot();
// Every message file of every corpus, in a stable order.
std::vector<Specimen> loadSpecimens(const std::filesystem::path& root);
// Tab-separated; '#' begins a comment line. Throws std::runtime_error on a malformed row.
std::vector<Expectation> loadExpectations(const std::filesystem::path& file);

std::string readFile(const std::filesystem::path& file);

}  // namespace sallyport::torture
