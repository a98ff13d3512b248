// SPDX-License-Identifier: Apache-2.0
// [web_listener]: what it may say, and what is wrong with it.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Appended: the table begins at line 21; a [devices] with passwords stands behind it.
#define WEB(more) "[web_listener]\naddress = \"192.0.2.10:443\"\ncertificate = \"web.pem\"\nkey = \"web.key\"\n" more
#define EITHER                                                                                    \
  "[devices]\ndomain = \"example.org\"\ntrust = \"private\"\nauthentication = [\"certificate\", " \
  "\"scram\"]\ncredentials = \"d\"\n"
#define TURN "[turn]\nurls = [\"turns:turn.example.org\"]\nsecret_file = \"turn.secret\"\n"
#define PASSWORDS "[devices]\ndomain = \"example.org\"\nauthentication = [\"scram\"]\ncredentials = \"d.credentials\"\n"

WebListener valid(std::string_view more) {
  auto outcome = parse(std::string{kGoodFile} + std::string{more}, "/etc/sallyport/sallyport.toml");
  EXPECT_TRUE(outcome.ok() && outcome.warnings.empty()) << outcome.report();
  return outcome.config.value_or(Config{}).web_listener.value_or(WebListener{});
}

TEST(WebListener, IsThereOnlyWhenItIsWritten) {
  EXPECT_FALSE(parse(kGoodFile, "edge.toml").config->web_listener);
  const auto listener = valid(WEB() PASSWORDS);
  EXPECT_EQ(listener.address.toString(), "192.0.2.10:443");
  EXPECT_EQ(listener.ecdsa.certificate, "/etc/sallyport/web.pem");
  EXPECT_THAT(listener.origins, IsEmpty());
  EXPECT_EQ(listener.without_origin, WithoutOrigin::refuse);
  EXPECT_FALSE(listener.phone);
  EXPECT_FALSE(listener.relay_only);
}

TEST(WebListener, ReadsAllOfIt) {
  const auto listener = valid(WEB(R"(phone = "phone"
advertise = "phone.example.org"
origins = ["https://Phone.example.org:443", "https://other.example:8443"]
without_origin = "admit"
authentication = ["scram"]
title = "Our phone"
ice_servers = ["stun:stun.example.org", "stuns:stun.example.org:5349"]
connections_per_source = 8
request_timeout = "2s"
)") PASSWORDS);
  EXPECT_EQ(*listener.phone, "/etc/sallyport/phone");
  EXPECT_THAT(listener.origins, ElementsAre("https://phone.example.org", "https://other.example:8443"))
      << "as browsers write them";
  EXPECT_EQ(listener.without_origin, WithoutOrigin::admit);
  EXPECT_THAT(listener.ice_servers, ElementsAre("stun:stun.example.org", "stuns:stun.example.org:5349"));
  EXPECT_EQ(listener.connections_per_source, 8u);
  EXPECT_EQ(listener.request_timeout, Milliseconds{2'000});
}

TEST(WebListener, MaySendVoiceThroughTheTurnServerAlone) {
  EXPECT_TRUE(valid(WEB("phone = \"phone\"\nrelay_only = true\n") PASSWORDS TURN).relay_only);
}

class WrongWebListener : public testing::TestWithParam<Case> {};
TEST_P(WrongWebListener, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

const Case kWrongRows[] = {
    {"no_certificate", "", "", "[web_listener]\naddress = \"192.0.2.10:443\"\nkey = \"web.key\"\n" PASSWORDS,
     "config.key.missing", 21, "'certificate' in [web_listener]"},
    {"taken", "", "", "[web_listener]\naddress = \"192.0.2.10:5061\"\ncertificate = \"c\"\nkey = \"k\"\n" PASSWORDS,
     "config.conflict", 22, "already taken by [[listener]] 'public'"},
    {"origin_in_clear", "", "", WEB("origins = [\"http://phone.example.org\"]\n") PASSWORDS, "config.value.form", 25,
     "http://phone.example.org", ""},
    {"origin_with_a_path", "", "", WEB("origins = [\"https://phone.example.org/\"]\n") PASSWORDS, "config.value.form",
     25, "https://phone.example.org/"},
    {"relayed_by_nobody", "", "", WEB("phone = \"phone\"\nrelay_only = true\n") PASSWORDS, "config.key.missing", 26,
     "there is no [turn]", "secret_file"},
    {"stun_with_a_path", "", "", WEB("ice_servers = [\"stun:a/b\"]\n") PASSWORDS, "config.value.form", 25, "stun:a/b"},
    {"turn_without_credentials", "", "", WEB("ice_servers = [\"turn:turn.example.org\"]\n") PASSWORDS,
     "config.value.form", 25, "turn:turn.example.org"},
};
INSTANTIATE_TEST_SUITE_P(Web, WrongWebListener, testing::ValuesIn(kWrongRows), caseName);

class AdvisedWebListener : public testing::TestWithParam<Case> {};
TEST_P(AdvisedWebListener, IsToldWithItsPlaceAndReason) { expectAdvice(GetParam()); }

const Case kAdvisedRows[] = {
    {"for_nobody", "", "", WEB(), "config.advice.web_listener", 21, "nobody can log in", "scram"},
    {"for_nobody_by_its_own_rule", "", "", WEB("authentication = [\"digest\"]\n") EITHER, "config.advice.web_listener",
     25, "nobody can log in"},
    {"relay_only_of_no_page", "", "", WEB("relay_only = true\n") PASSWORDS TURN, "config.advice.relay_only", 25,
     "none is", "phone = "},
    {"port_zero", "", "", "[web_listener]\naddress = \"127.0.0.1:0\"\ncertificate = \"c\"\nkey = \"k\"\n" PASSWORDS,
     "config.advice.port", 22, "port 0"},
};
INSTANTIATE_TEST_SUITE_P(Web, AdvisedWebListener, testing::ValuesIn(kAdvisedRows), caseName);

}  // namespace
}  // namespace sallyport::config
