// SPDX-License-Identifier: Apache-2.0
// Every published torture message (RFC 4475, RFC 5118), every hostile message of past advisories and
// the ProFuzzBench inputs meet the framer, the parser and the request check; expectations.tsv names
// each verdict with its reason. A file without a row and a row without a file are failures.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "sip/message.h"
#include "sip/message_writer.h"
#include "sip/request_check.h"
#include "sip/stream_framer.h"
#include "torture_corpus.h"

namespace sallyport::torture {
namespace {

using Key = std::tuple<std::string, std::string, std::string>;

class Judge {
 public:
  explicit Judge(const std::string& bytes) : answerable_(!bytes.starts_with("SIP/")) {}

  Outcome stream(const std::string& bytes, std::size_t chunk) {
    sip::StreamFramer framer;
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
      framer.append(std::string_view{bytes}.substr(at, chunk));
      for (;;) {
        auto event = framer.next();
        if (!event) return refused("framer", event.error());
        if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) break;
        auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event);
        if (frame != nullptr && !take(std::move(frame->bytes))) return outcome_;
      }
    }
    if (const Status end = framer.end(); !end) return refused("framer", end.error());
    return outcome_;
  }

  Outcome datagram(const std::string& bytes) {
    const auto message = sip::messageInDatagram(bytes);
    if (!message) return refused("framer", message.error());
    take(std::string{*message});
    return outcome_;
  }

  const std::vector<sip::Message>& messages() const { return messages_; }

 private:
  bool take(std::string frame) {
    auto message = sip::Message::parse(std::move(frame));
    if (!message) {
      refused("parser", message.error());
      return false;
    }
    ++outcome_.messages;
    if (message->isRequest() && outcome_.code == "-") {
      if (const Status status = sip::checkRequest(*message); !status) {
        outcome_.layer = "semantic";
        outcome_.code = status.error().code;
        outcome_.status = std::to_string(sip::statusFor(status.error()));
      }
    }
    messages_.push_back(*std::move(message));
    return true;
  }

  Outcome refused(const char* layer, const Error& error) {
    outcome_.verdict = "reject";
    outcome_.layer = layer;
    outcome_.code = error.code;
    outcome_.status = answerable_ ? std::to_string(sip::statusFor(error)) : "-";
    return outcome_;
  }

  bool answerable_;
  Outcome outcome_{0, "accept", "-", "-", "-"};
  std::vector<sip::Message> messages_;
};

std::string row(const Key& key, const Outcome& outcome) {
  const auto& [corpus, file, transport] = key;
  return corpus + '\t' + file + '\t' + transport + '\t' + std::to_string(outcome.messages) + '\t' + outcome.verdict +
         '\t' + outcome.layer + '\t' + outcome.code + '\t' + outcome.status;
}

class Torture : public testing::Test {
 protected:
  void SetUp() override {
    const auto root = corporaRoot();
    if (!root) GTEST_SKIP() << "no corpora: set SALLYPORT_CORPORA to the folder that holds sip-rfc4475";
    specimens_ = loadSpecimens(*root);
    root_ = *root;
  }

  std::filesystem::path root_;
  std::vector<Specimen> specimens_;
};

TEST_F(Torture, EveryMessageMeetsItsWrittenExpectation) {
  std::map<Key, Outcome> actual;
  for (const Specimen& specimen : specimens_) {
    const Outcome stream = Judge{specimen.bytes}.stream(specimen.bytes, specimen.bytes.size());
    const Outcome datagram = Judge{specimen.bytes}.datagram(specimen.bytes);
    if (stream == datagram) {
      actual[{specimen.corpus, specimen.file, "both"}] = stream;
    } else {
      actual[{specimen.corpus, specimen.file, "stream"}] = stream;
      actual[{specimen.corpus, specimen.file, "datagram"}] = datagram;
    }
  }
  std::map<Key, Outcome> expected;
  for (const Expectation& e : loadExpectations(SALLYPORT_SOURCE_DIR "/tests/torture/expectations.tsv")) {
    const bool is_new = expected.emplace(Key{e.corpus, e.file, e.transport}, e.outcome).second;
    EXPECT_TRUE(is_new) << "listed twice: " << row({e.corpus, e.file, e.transport}, e.outcome);
  }
  for (const auto& [key, outcome] : actual) {
    const auto found = expected.find(key);
    if (found == expected.end()) {
      ADD_FAILURE() << "not listed: " << row(key, outcome);
    } else if (found->second != outcome) {
      ADD_FAILURE() << "expected " << row(key, found->second) << "\n     got " << row(key, outcome);
    }
  }
  for (const auto& [key, outcome] : expected) {
    EXPECT_TRUE(actual.contains(key)) << "no such file, or another transport: " << row(key, outcome);
  }
}

TEST_F(Torture, ChunkingDoesNotChangeAVerdict) {
  for (const Specimen& specimen : specimens_) {
    const Outcome whole = Judge{specimen.bytes}.stream(specimen.bytes, specimen.bytes.size());
    for (const std::size_t chunk : {1, 7, 100}) {
      EXPECT_EQ(Judge{specimen.bytes}.stream(specimen.bytes, chunk), whole)
          << specimen.file << " in pieces of " << chunk;
    }
  }
}

TEST_F(Torture, WhatIsAcceptedMeansTheSameWhenWrittenAgain) {
  for (const Specimen& specimen : specimens_) {
    Judge judge{specimen.bytes};
    judge.datagram(specimen.bytes);
    for (const sip::Message& message : judge.messages()) {
      sip::MessageWriter writer;
      if (message.isRequest()) {
        writer.request(message.methodName(), message.requestUri());
      } else {
        writer.response(message.status(), message.reason());
      }
      for (const sip::HeaderField& field : message.headers()) {
        const bool written_by_finish = field.id == sip::HeaderId::contentLength ||
                                       (field.id == sip::HeaderId::contentType && !message.body().empty());
        if (!written_by_finish) writer.header(field.name, field.value);
      }
      const auto again =
          sip::Message::parse(writer.finish(message.header(sip::HeaderId::contentType).value_or(""), message.body()));
      ASSERT_TRUE(again) << specimen.file << ": " << describe(again.error());
      EXPECT_EQ(again->methodName(), message.methodName()) << specimen.file;
      EXPECT_EQ(again->requestUri(), message.requestUri()) << specimen.file;
      EXPECT_EQ(again->callId(), message.callId()) << specimen.file;
      EXPECT_EQ(again->fromTag(), message.fromTag()) << specimen.file;
      EXPECT_EQ(again->topmostVia().branch(), message.topmostVia().branch()) << specimen.file;
      EXPECT_EQ(again->body(), message.body()) << specimen.file;
    }
  }
}

TEST_F(Torture, EveryFileOfTheHostileManifestIsJudged) {
  const std::string manifest = readFile(root_ / "sip-hostile-messages/manifest.json");
  const std::string marker = "\"file\": \"";
  std::size_t named = 0;
  for (std::size_t at = manifest.find(marker); at != std::string::npos; at = manifest.find(marker, at)) {
    at += marker.size();
    const std::string file = manifest.substr(at, manifest.find('"', at) - at);
    const bool present = std::any_of(specimens_.begin(), specimens_.end(), [&file](const Specimen& specimen) {
      return specimen.corpus == "hostile" && specimen.file == file;
    });
    EXPECT_TRUE(present) << file;
    ++named;
  }
  EXPECT_GT(named, 0U);
}

}  // namespace
}  // namespace sallyport::torture
