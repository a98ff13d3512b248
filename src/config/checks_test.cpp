// SPDX-License-Identifier: Apache-2.0
// Every way in which settings can contradict each other or name what does not exist; and what is only advised.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

using testing::HasSubstr;

class Contradiction : public testing::TestWithParam<Case> {};

TEST_P(Contradiction, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

const Case kReferences[] = {
    {"route_to_unknown_peer", "to = \"core\"", "to = \"cor\"", "", "config.reference", 20, "no such [[peer]]",
     "did you mean \"core\"?"},
    {"route_from_unknown_peer", "to = \"core\"", "to = \"core\"\nfrom_peer = \"phones\"", "", "config.reference", 21,
     "'phones'"},
    {"route_for_foreign_domain", "to = \"core\"", "to = \"core\"\ndomain = \"example.com\"", "", "config.reference", 21,
     "not among 'domains'"},
    {"peer_with_unknown_trust", "trust = \"private\"", "trust = \"privat\"",
     "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\n", "config.reference", 16, "no such [[trust]]",
     "\"private\""},
    {"devices_with_unknown_trust", "", "", "[devices]\ntrust = \"other\"\ndomain = \"example.org\"\n",
     "config.reference", 22, "no such [[trust]]"},
    {"devices_of_foreign_domain", "", "", "[devices]\ntrust = \"private\"\ndomain = \"example.com\"\n",
     "config.reference", 23, "example.com"},
};

const Case kDuplicates[] = {
    {"two_peers_of_one_name", "", "",
     "[[peer]]\nname = \"core\"\nidentities = [\"dns:x.example\"]\ntrust = \"private\"\n", "config.key.duplicate", 22,
     "at line 14"},
    {"two_trusts_of_one_name", "", "", "[[trust]]\nname = \"private\"\nanchors = \"b.pem\"\n", "config.key.duplicate",
     22, "at line 11"},
    {"one_identity_for_two_peers", "", "",
     "[[peer]]\nname = \"b\"\nidentities = [\"dns:CORE.example\"]\ntrust = \"private\"\n", "config.conflict", 23,
     "already an identity of [[peer]] 'core'", "one certificate must mean one peer"},
    {"one_port_for_two_listeners", "", "",
     "[[listener]]\nname = \"b\"\naddress = \"127.0.0.1:5061\"\ncertificate = \"c\"\nkey = \"k\"\n", "config.conflict",
     23, "already taken by [[listener]] 'public' at line 5"},
    {"domain_twice", "[\"example.org\"]", "[\"example.org\", \"Example.ORG\"]", "", "config.key.duplicate", 2, "twice"},
    {"method_twice", "", "", "[guard]\nmethods = [\"OPTIONS\", \"OPTIONS\"]\n", "config.key.duplicate", 22,
     "OPTIONS twice"},
    {"codec_twice", "trust = \"private\"", "trust = \"private\"\ncodecs = [\"opus\", \"opus\"]", "",
     "config.key.duplicate", 17, "codec twice"},
};

const Case kConflicts[] = {
    {"media_unspecified_without_advertise", "192.0.2.10", "0.0.0.0", "", "config.conflict", 9, "cannot be told",
     "advertise"},
    {"media_two_addresses_of_one_family", "\"192.0.2.10\"", "[\"192.0.2.10\", \"192.0.2.11\"]", "", "config.conflict",
     9, "one IPv4"},
    {"media_advertise_of_other_family", "address = \"192.0.2.10\"",
     "address = \"192.0.2.10\"\nadvertise = \"2001:db8::1\"", "", "config.conflict", 10, "none of that family"},
    {"media_range_too_small", "address = \"192.0.2.10\"", "address = \"192.0.2.10\"\nport_range = \"20000-20002\"", "",
     "config.value.range", 10, "3 ports; one call takes 4"},
    {"media_range_backwards", "address = \"192.0.2.10\"", "address = \"192.0.2.10\"\nport_range = \"20002-20000\"", "",
     "config.value.range", 10, "ends before it begins"},
    {"media_range_privileged", "address = \"192.0.2.10\"", "address = \"192.0.2.10\"\nport_range = \"1000-2000\"", "",
     "config.value.range", 10, "1024"},
    {"metrics_not_loopback", "", "", "[telemetry]\nmetrics = \"0.0.0.0:9464\"\n", "config.value.loopback", 22,
     "loopback", "127.0.0.1:9464"},
    {"metrics_on_the_sip_port", "", "", "[telemetry]\nmetrics = \"127.0.0.1:5061\"\n", "config.conflict", 22,
     "'public'"},
    {"strict_tier_with_cm_suite", "trust = \"private\"", "trust = \"private\"\nsuites = [\"AES_CM_128_HMAC_SHA1_80\"]",
     "", "config.conflict", 17, "strict (AEAD only)", "compatible"},
    {"null_suite", "trust = \"private\"", "trust = \"private\"\nsuites = [\"NULL\"]", "", "config.value.choice", 17,
     "NULL"},
    {"empty_suites", "trust = \"private\"", "trust = \"private\"\nsuites = []", "", "config.value.empty", 17,
     "'suites'"},
    {"empty_media", "trust = \"private\"", "trust = \"private\"\nmedia = []", "", "config.value.empty", 17, "'media'"},
    {"media_twice", "trust = \"private\"", "trust = \"private\"\nmedia = [\"dtls\", \"dtls\"]", "",
     "config.key.duplicate", 17, "'media'"},
    {"media_unknown", "trust = \"private\"", "trust = \"private\"\nmedia = [\"none\"]", "", "config.value.choice", 17,
     "none"},
    {"dtls_without_a_suite", "trust = \"private\"",
     "trust = \"private\"\nmedia = \"dtls\"\ntier = \"compatible\"\nsuites = [\"AES_256_CM_HMAC_SHA1_80\"]", "",
     "config.conflict", 17, "none of its 'suites'", "AEAD_AES_256_GCM"},
    {"zrtp_beside_another", "trust = \"private\"", "trust = \"private\"\nmedia = [\"zrtp\", \"sdes\"]", "",
     "config.conflict", 17, "beside another keying", "another [[peer]]"},
    {"zrtp_with_ice", "trust = \"private\"", "trust = \"private\"\nmedia = \"zrtp\"\nice = \"accept\"", "",
     "config.conflict", 18, "ICE", "leave 'ice' out"},
    {"zrtp_with_info", "trust = \"private\"", "trust = \"private\"\nmedia = \"zrtp\"\ndtmf = \"info\"", "",
     "config.conflict", 18, "can not decrypt", "rfc4733"},
    {"empty_codecs", "trust = \"private\"", "trust = \"private\"\ncodecs = []", "", "config.value.empty", 17,
     "'codecs'"},
    {"no_identity", "[\"dns:core.example\"]", "[]", "", "config.value.empty", 15, "no identity"},
    {"no_domain", "[\"example.org\"]", "[]", "", "config.value.empty", 2, "no domain"},
    {"client_only_peer_is_called", "trust = \"private\"", "trust = \"private\"\neku = \"client\"", "",
     "config.conflict", 17, "only be a client's"},
    {"peer_at_port_zero", "192.0.2.20:5071", "192.0.2.20:0", "", "config.value.form", 17, "cannot be reached"},
    {"peer_called_device", "", "",
     "[[peer]]\nname = \"device\"\nidentities = [\"dns:x.example\"]\ntrust = \"private\"\n", "config.value.form", 22,
     "enrolled devices"},
    {"unknown_firewall_mode", "", "", "[firewall]\nmode = \"on\"\n", "config.value.choice", 22, "on"},
    {"unknown_method", "", "", "[guard]\nmethods = [\"OPTION\"]\n", "config.value.choice", 22, "OPTION", "\"OPTIONS\""},
    {"calls_that_cannot_end", "", "", "[guard]\nmethods = [\"INVITE\", \"ACK\", \"CANCEL\"]\n", "config.conflict", 22,
     "but not BYE"},
    {"t2_below_t1", "", "", "[sip]\nt1 = \"5s\"\nt2 = \"1s\"\n", "config.conflict", 23, "shorter than 't1'"},
    {"session_below_min_se", "", "", "[sip]\nsession_expires = \"90s\"\nmin_se = \"2m\"\n", "config.conflict", 22,
     "min_se"},
    {"control_socket_too_long", "domains = [\"example.org\"]",
     "domains = [\"example.org\"]\ncontrol_socket = "
     "\"/a23456789/b23456789/c23456789/d23456789/e23456789/f23456789/g23456789/"
     "h23456789/i23456789/j23456789/control.sock\"",
     "", "config.value.range", 3, "longer than 107"},
};

TEST(Contradictions, AreAllReportedAtOnceInFileOrder) {
  const auto outcome =
      parse("[edge]\ndomians = [\"example.org\"]\n[media]\naddress = 5\n[[route]]\nuser = \"*\"\nto = \"core\"\n",
            "edge.toml");
  std::vector<std::string> codes;
  for (const auto& problem : outcome.errors) codes.emplace_back(std::to_string(problem.line) + " " + problem.code);
  EXPECT_THAT(codes, testing::ElementsAre("0 config.key.missing", "1 config.key.missing", "2 config.key.unknown",
                                          "4 config.type", "7 config.reference"))
      << outcome.report();
}

TEST(Contradictions, AProblemPrintsAsOneSafeLine) {
  const auto outcome = parse("[edge]\n\"evil\\u001b[31m\\nx\" = 1\ndomains = [\"a.example\"]\n", "edge.toml");
  const auto report = outcome.report();
  EXPECT_THAT(report, HasSubstr("edge.toml:2:1: config.key.unknown: no setting 'evil\\x1b[31m\\x0ax' in [edge]"));
  EXPECT_EQ(report.find('\x1b'), std::string::npos);
}

class Advice : public testing::TestWithParam<Case> {};

TEST_P(Advice, IsGivenAndTheFileIsStillGood) { expectAdvice(GetParam()); }

const Case kAdvice[] = {
    {"unused_trust", "", "", "[[trust]]\nname = \"spare\"\nanchors = \"b.pem\"\n", "config.advice.unused", 22,
     "'spare'"},
    {"route_behind_a_catch_all", "", "", "[[route]]\nuser = \"alice\"\nto = \"core\"\n", "config.advice.shadowed", 22,
     "line 19"},
    {"route_to_a_peer_without_address", "address = \"192.0.2.20:5071\"\n", "", "", "config.advice.no_address", 19,
     "no 'address'"},
    {"no_route", "[[route]]\nuser = \"*\"\nto = \"core\"\n", "", "", "config.advice.no_route", 0, "404"},
    {"rule_in_shadow", "", "", "[guard]\ndomain = \"shadow\"\n", "config.advice.weakened", 22, "let in"},
    {"listener_on_port_zero", "0.0.0.0:5061", "127.0.0.1:0", "", "config.advice.port", 5, "port 0"},
    {"too_few_media_ports", "trust = \"private\"", "trust = \"private\"\nmax_calls = 5000", "",
     "config.advice.media_ports", 8, "2500 calls"},
    {"too_few_pinholes", "", "", "[firewall]\nmax_pinholes = 400\n", "config.advice.pinholes", 22,
     "10000 ports: while more are open, user space"},
    {"too_few_pinholes_where_they_are_required", "", "", "[firewall]\nmode = \"required\"\nmax_pinholes = 400\n",
     "config.advice.pinholes", 23, "calls beyond are refused"},
};

INSTANTIATE_TEST_SUITE_P(References, Contradiction, testing::ValuesIn(kReferences), caseName);
INSTANTIATE_TEST_SUITE_P(Duplicates, Contradiction, testing::ValuesIn(kDuplicates), caseName);
INSTANTIATE_TEST_SUITE_P(Conflicts, Contradiction, testing::ValuesIn(kConflicts), caseName);
INSTANTIATE_TEST_SUITE_P(Advice, Advice, testing::ValuesIn(kAdvice), caseName);

TEST(Listeners, TheSamePortOnBothFamiliesIsNoConflict) {
  const Case row{"", "", "", "[[listener]]\nname = \"b\"\naddress = \"[::]:5061\"\ncertificate = \"c\"\nkey = \"k\"\n",
                 "", 0,  ""};
  const auto outcome = parse(textOf(row), "edge.toml");
  EXPECT_TRUE(outcome.ok()) << outcome.report();
}

}  // namespace
}  // namespace sallyport::config
