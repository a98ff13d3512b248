// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "phone/cli/command_line.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sallyport-phone");
  return parseCommandLine(static_cast<int>(arguments.size()), arguments.data());
}

std::vector<const char*> call(std::initializer_list<const char*> more) {
  std::vector<const char*> arguments{"call", "--via", "127.0.0.1:5061", "--cert", "c", "--key", "k", "--ca", "a"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

// What a wrong command line prints, "" when it is accepted.
std::string complaint(std::vector<const char*> arguments) {
  testing::internal::CaptureStderr();
  const auto command = parse(std::move(arguments));
  auto text = testing::internal::GetCapturedStderr();
  const auto* exit = std::get_if<ExitNow>(&command);
  if (exit == nullptr) return "";
  EXPECT_EQ(exit->status, kExitUsage);
  return text;
}

TEST(PhoneOptions, ACallAsTheHelpShowsIt) {
  const auto command = parse(call({"sip:bob@example.com", "--expect-san", "dns:Edge.example.com", "--duration", "10s",
                                   "--codec", "pcmu,opus", "--suites", "AEAD_AES_128_GCM", "--tone", "440"}));
  const auto* options = std::get_if<CallOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->target, "sip:bob@example.com");
  EXPECT_EQ(options->via.toString(), "127.0.0.1:5061");
  EXPECT_EQ(options->duration, 10s);
  EXPECT_EQ(options->phone.expect_san->toString(), "dns:edge.example.com");
  EXPECT_EQ(options->phone.codecs, (std::vector{sdp::Codec::pcmu, sdp::Codec::opus}));
  EXPECT_EQ(options->phone.suites, std::vector{crypto::SrtpSuite::aeadAes128Gcm});
  EXPECT_FALSE(options->cancel_after);
}

TEST(PhoneOptions, AListOfCodecsDoesNotSwallowTheTarget) {
  const auto command = parse(call({"--codec", "opus", "sip:bob@example.com"}));
  ASSERT_TRUE(std::holds_alternative<CallOptions>(command));
  EXPECT_EQ(std::get<CallOptions>(command).phone.codecs, std::vector{sdp::Codec::opus});
}

TEST(PhoneOptions, EchoIsAnsweringWithAnEcho) {
  const auto command = parse({"echo", "--listen", "[::1]:0", "--cert", "c", "--key", "k", "--ca", "a", "--calls", "2"});
  const auto* options = std::get_if<AnswerOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_TRUE(options->echo);
  EXPECT_EQ(options->calls, 2U);
}

TEST(PhoneOptions, EachMistakeIsNamed) {
  const auto says = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << text;
  };
  EXPECT_TRUE(says(complaint({}), "subcommand"));
  EXPECT_TRUE(says(complaint({"dial"}), "subcommand"));
  EXPECT_TRUE(says(complaint({"call"}), "target"));
  EXPECT_TRUE(says(complaint(call({"bob"})), "no SIP URI"));
  EXPECT_TRUE(says(complaint(call({"tel:+123"})), "no SIP URI"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--via", "localhost"})), "--via"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--duration", "soon"})), "no duration"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--codec", "g729"})), "not one of opus"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--codec", "telephone-event"})), "not one of opus"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--suites", "NULL"})), "AEAD_AES_256_GCM"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--tone", "9999"})), "frequencies"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--tone", "440", "--play", "x.wav"})), "excludes"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--expect-san", "edge"})), "expected dns:<name>"));
  EXPECT_TRUE(says(complaint({"answer", "--listen", "127.0.0.1:0"}), "--ca is required"));
  EXPECT_TRUE(says(complaint({"answer", "--listen", "127.0.0.1:0", "--ca", "a"}), "--password-file"));
  EXPECT_TRUE(says(complaint({"answer", "--cert", "c", "--key", "k", "--ca", "a"}), "or --via"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--scram"})), "--password-file"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--password-file", "p", "--scram", "--digest"})), "excludes"));
  EXPECT_TRUE(says(complaint(call({"sip:b@x", "--password-file", "p", "--token-file", "t"})), "excludes"));
  EXPECT_TRUE(says(complaint({"register", "--via", "127.0.0.1:5061", "--ca", "a", "--password-file", "p"}), "--from"));
  EXPECT_TRUE(says(complaint({"register", "--ca", "a", "--cert", "c", "--key", "k"}), "--via is required"));
  EXPECT_TRUE(says(
      complaint({"answer", "--listen", "127.0.0.1:0", "--cert", "c", "--key", "k", "--ca", "a", "--reject", "200"}),
      "--reject"));
  EXPECT_TRUE(says(complaint({"compare", "one.wav"}), "heard"));
}

TEST(PhoneOptions, ARegistrationWithAPasswordNeedsNoCertificate) {
  const auto command = parse({"register", "--via", "127.0.0.1:5061", "--ca", "a", "--from", "sip:alice@example.com",
                              "--password-file", "p", "--scram", "--expires", "2m", "--once"});
  const auto* options = std::get_if<RegisterOptions>(&command);
  ASSERT_NE(options, nullptr);
  EXPECT_EQ(options->registration.expires, 120s);
  EXPECT_EQ(options->phone.account->password_file, "p");
  EXPECT_EQ(options->phone.account->scheme, Account::Scheme::scram);
  EXPECT_TRUE(options->once);
}

TEST(PhoneOptions, HelpIsNoMistake) {
  testing::internal::CaptureStdout();
  const auto command = parse({"call", "--help"});
  const auto text = testing::internal::GetCapturedStdout();
  ASSERT_TRUE(std::holds_alternative<ExitNow>(command));
  EXPECT_EQ(std::get<ExitNow>(command).status, kExitOk);
  EXPECT_NE(text.find("--expect-san"), std::string::npos);
}

TEST(PhoneOptions, KeysComeFromWhereItSays) {
  const auto keyings = [](const char* media) {
    return std::get<CallOptions>(parse(call({"sip:bob@example.com", "--media", media}))).phone.keyings;
  };
  EXPECT_EQ(keyings("dtls"), std::vector{sdp::Keying::dtls});
  EXPECT_EQ(keyings("dtls,sdes"), (std::vector{sdp::Keying::dtls, sdp::Keying::sdes}));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--media", "zrtp,dtls"})), HasSubstr("zrtp goes alone"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--media", "dtls,dtls"})), HasSubstr("each once"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--media", "clear"})), HasSubstr("--media"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--media", "dtls", "--suites", "AES_256_CM_HMAC_SHA1_80"})),
              HasSubstr("with nobody"));
}

TEST(PhoneOptions, IceIsTakenOrRequired) {
  const auto ice = [](const char* option) {
    return std::get<CallOptions>(parse(call({"sip:bob@example.com", option}))).phone.ice;
  };
  EXPECT_EQ(ice("--ice"), sdp::IceUse::accept);
  EXPECT_EQ(ice("--ice=require"), sdp::IceUse::require);
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--ice=perhaps"})), HasSubstr("--ice"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--ice", "--media", "zrtp"})), HasSubstr("--ice"));
}

TEST(PhoneOptions, AStunServerGoesWithIce) {
  const auto command = parse(call({"sip:bob@example.com", "--ice", "--stun", "192.0.2.1:3478"}));
  EXPECT_EQ(std::get<CallOptions>(command).phone.stun_server, Endpoint::parse("192.0.2.1:3478"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--stun", "192.0.2.1:3478"})), HasSubstr("goes with --ice"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--ice", "--stun", "stun.example.org:3478"})),
              HasSubstr("no address"));
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--ice", "--stun", "192.0.2.1:0"})), HasSubstr("port"));
}

TEST(PhoneOptions, DigitsAreKeysAndWhen) {
  const auto digits = [](const char* text) {
    return *std::get<CallOptions>(parse(call({"sip:bob@example.com", "--dtmf", text}))).phone.digits;
  };
  EXPECT_EQ(digits("123#").keys, "123#");
  EXPECT_EQ(digits("123#").after, 1s);
  EXPECT_EQ(digits("*d@2500ms").after, 2'500ms);
  for (const auto* wrong : {"12x", "@2s", "1@soon", "123456789012345678901234567890123"}) {
    EXPECT_THAT(complaint(call({"sip:bob@example.com", "--dtmf", wrong})), HasSubstr("--dtmf")) << wrong;
  }
}

TEST(PhoneOptions, ASoundCardIsChosenByNameOrTheSystem) {
  const auto device = [](const char* audio) {
    return std::get<CallOptions>(parse(call({"sip:bob@example.com", "--audio", audio}))).phone.device;
  };
  EXPECT_EQ(device("device"), "");
  EXPECT_EQ(device("device=USB Headset"), "USB Headset");
  for (const auto* wrong : {"card", "device=", "devices"}) {
    EXPECT_THAT(complaint(call({"sip:bob@example.com", "--audio", wrong})), HasSubstr("--audio")) << wrong;
  }
  EXPECT_THAT(complaint(call({"sip:bob@example.com", "--audio", "device", "--tone", "440"})), HasSubstr("--audio"));
}

}  // namespace
}  // namespace sallyport::phone
