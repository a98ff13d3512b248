// SPDX-License-Identifier: Apache-2.0
// [[route]], [header_policy.NAME], [registrar], [dns], [[listener]] and the guard's newer rules.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

class WrongRoute : public testing::TestWithParam<Case> {};

TEST_P(WrongRoute, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

constexpr std::string_view kTo = "to = \"core\"";

const Case kRouteRows[] = {
    {"nothing_to_match", "user = \"*\"\n", "", "", "config.key.missing", 18, "'user' in [[route]] number 1", "\"*\""},
    {"leads_nowhere", "to = \"core\"\n", "", "", "config.key.missing", 18, "'to' in [[route]] number 1",
     "refuse = 603"},
    {"empty_list_of_targets", kTo, "to = []", "", "config.value.empty", 20, "leads nowhere"},
    {"one_target_twice", kTo, "to = [{ peer = \"core\" }, { peer = \"core\" }]", "", "config.key.duplicate", 20,
     "'core' twice"},
    {"target_of_unknown_peer", kTo, "to = [{ peer = \"cor\" }]", "", "config.reference", 20, "no such [[peer]]",
     "\"core\""},
    {"target_without_peer", kTo, "to = [{ weight = 2 }]", "", "config.key.missing", 20,
     "'peer' in [[route]] number 1 to"},
    {"target_by_number", kTo, "to = [5]", "", "config.type", 20, "list of tables"},
    {"to_devices_that_cannot_register", kTo, "to = \"device\"", "", "config.conflict", 20, "nobody can register",
     "[registrar]"},
    {"leads_and_refuses", kTo, "to = \"core\"\nrefuse = 603", "", "config.conflict", 21, "leads somewhere and refuses"},
    {"refuses_with_a_success", kTo, "refuse = 200", "", "config.value.range", 20, "between 400 and 699"},
    {"user_and_regex", kTo, "to = \"core\"\nuser_regex = \"[0-9]+\"", "", "config.conflict", 21, "'user_regex'"},
    {"empty_regex", "user = \"*\"", "user_regex = \"\"", "", "config.value.form", 19, "256"},
    {"number_not_e164", kTo, "to = \"core\"\nnumber = \"0049*\"", "", "config.value.form", 21, "E.164"},
    {"caller_with_a_star_inside", kTo, "to = \"core\"\ncaller = \"a*b\"", "", "config.value.form", 21, "a*b"},
    {"rewrite_of_unknown_word", kTo, "to = \"core\"\nrewrite = \"+49{tail}\"", "", "config.value.form", 21, "{rest}"},
    {"rewrite_to_another_host", kTo, "to = \"core\"\nrewrite = \"a@example.com\"", "", "config.value.form", 21,
     "{rest}"},
    {"route_with_unknown_header_policy", kTo, "to = \"core\"\nheader_policy = \"acme@2026\"", "", "config.reference",
     21, "[[route]] number 1 names header policy"},
    {"time_without_spans", kTo, "to = \"core\"\ntime = { utc_offset = \"+01:00\" }", "", "config.key.missing", 21,
     "'spans'"},
    {"time_of_an_unknown_day", kTo, "to = \"core\"\ntime = { spans = [\"Mon-Fry 08:00-18:00\"] }", "",
     "config.value.form", 21, "Mon-Fry"},
    {"time_without_length", kTo, "to = \"core\"\ntime = { spans = [\"Mon 08:00-08:00\"] }", "", "config.value.form", 21,
     "08:00-08:00"},
    {"time_past_midnight", kTo, "to = \"core\"\ntime = { spans = [\"08:00-24:30\"] }", "", "config.value.form", 21,
     "24:30"},
    {"offset_too_far", kTo, "to = \"core\"\ntime = { spans = [\"08:00-18:00\"], utc_offset = \"+15:00\" }", "",
     "config.value.form", 21, "+15:00"},
};

const Case kPolicyRows[] = {
    {"policy_without_year", "", "", "[header_policy.acme]\nallow = [\"X-A\"]\n", "config.value.form", 21, "acme@2026"},
    {"policy_of_a_built_in_name", "", "", "[header_policy.\"core@2026\"]\nallow = [\"X-A\"]\n", "config.key.duplicate",
     21, "built in", "extends = \"core@2026\""},
    {"policy_extends_nothing", "", "", "[header_policy.\"a@2026\"]\nextends = \"b@2026\"\n", "config.reference", 22,
     "'b@2026'"},
    {"policy_extends_itself", "", "", "[header_policy.\"a@2026\"]\nextends = \"a@2026\"\n", "config.conflict", 22,
     "a circle: a@2026 extends a@2026"},
    {"header_allowed_twice", "", "", "[header_policy.\"a@2026\"]\nallow = [\"X-A\", \"x-a\"]\n", "config.key.duplicate",
     22, "x-a twice"},
    {"header_allowed_and_dropped", "", "", "[header_policy.\"a@2026\"]\nallow = [\"X-A\"]\ndrop = [\"X-A\"]\n",
     "config.conflict", 23, "allows and drops X-A"},
    {"header_with_a_colon", "", "", "[header_policy.\"a@2026\"]\nallow = [\"X-A:\"]\n", "config.value.form", 22,
     "the name of a header"},
    {"policy_with_unknown_setting", "", "", "[header_policy.\"a@2026\"]\nalow = []\n", "config.key.unknown", 22,
     "'alow'", "'allow'"},
};

#define DEVICES "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\n"

const Case kOtherRows[] = {
    {"registrar_tells_an_unknown_peer", "", "", "[registrar]\nupstream = \"cor\"\n", "config.reference", 22,
     "no such [[peer]]", "\"core\""},
    {"registrar_tells_a_peer_without_address",
     "address = \"192.0.2.20:5071\"\n[[route]]\nuser = \"*\"\nto = \"core\"\n",
     "[[route]]\nuser = \"*\"\nrefuse = 404\n", "[registrar]\nupstream = \"core\"\n", "config.conflict", 21,
     "which has no 'address'"},
    {"registrar_expires_backwards", "", "", "[registrar]\nmin_expires = \"3h\"\n", "config.conflict", 21,
     "not between 'min_expires' and 'max_expires'"},
    {"registrar_without_register", "", "", DEVICES "[registrar]\nenabled = true\n[guard]\nmethods = [\"OPTIONS\"]\n",
     "config.conflict", 27, "does not let REGISTER in"},
    {"registrar_of_no_contacts", "", "", "[registrar]\nmax_contacts = 0\n", "config.value.range", 22,
     "between 1 and 100"},
    {"turn_by_another_scheme", "", "", "[turn]\nurls = [\"stun:turn.example\"]\nsecret_file = \"s\"\n",
     "config.value.form", 22, "stun:turn.example"},
    {"turn_without_secret", "", "", "[turn]\nurls = [\"turn:turn.example\"]\n", "config.key.missing", 21,
     "secret_file"},
    {"turn_over_an_unknown_transport", "", "",
     "[turn]\nurls = [\"turns:turn.example?transport=sctp\"]\nsecret_file = \"s\"\n", "config.value.form", 22, "sctp"},
    {"name_server_by_name", "", "", "[dns]\nservers = [\"ns.example\"]\n", "config.value.form", 22, "ns.example"},
    {"dns_without_patience", "", "", "[dns]\ntimeout = \"1ms\"\n", "config.value.range", 22, "between 100ms and 30s"},
    {"unknown_client_certificate", "key = \"edge.key\"", "key = \"edge.key\"\nclient_certificate = \"none\"", "",
     "config.value.choice", 8, "\"optional\""},
    {"unknown_tls", "key = \"edge.key\"", "key = \"edge.key\"\ntls = \"1.1\"", "", "config.value.choice", 8, "\"1.2\""},
    {"rate_under_the_wrong_name", "", "", "[guard]\nsource_auth_failures = { calls_per_second = 1 }\n",
     "config.key.unknown", 22, "calls_per_second"},
};

INSTANTIATE_TEST_SUITE_P(Routes, WrongRoute, testing::ValuesIn(kRouteRows), caseName);
INSTANTIATE_TEST_SUITE_P(Policies, WrongRoute, testing::ValuesIn(kPolicyRows), caseName);
INSTANTIATE_TEST_SUITE_P(Others, WrongRoute, testing::ValuesIn(kOtherRows), caseName);

TEST(HeaderPolicies, InACircleAreAllNamed) {
  const Case row{
      "", "",
      "", "[header_policy.\"a@2026\"]\nextends = \"b@2026\"\n[header_policy.\"b@2026\"]\nextends = \"a@2026\"\n",
      "", 0,
      ""};
  const auto outcome = parse(textOf(row), "edge.toml");
  ASSERT_EQ(outcome.errors.size(), 2u) << outcome.report();
  EXPECT_THAT(outcome.errors[0].message, testing::HasSubstr("a@2026 extends b@2026 extends a@2026"));
  EXPECT_THAT(outcome.errors[1].message, testing::HasSubstr("b@2026 extends a@2026 extends b@2026"));
}

class AdviceOnRoutes : public testing::TestWithParam<Case> {};

TEST_P(AdviceOnRoutes, IsGivenAndTheFileIsStillGood) { expectAdvice(GetParam()); }

const Case kAdvice[] = {
    {"whole_number_that_is_short", kTo, "to = \"core\"\nnumber = \"+49\"", "", "config.advice.short_number", 21,
     "the very number +49", "\"+49*\""},
    {"nobody_to_register", "", "", "[registrar]\nenabled = true\n", "config.advice.nobody", 22, "nobody can register"},
    {"certificate_of_nobody", "identities = [\"dns:core.example\"]\ntrust = \"private\"",
     "authentication = [\"digest\"]\ntrust = \"private\"\nserver_name = \"core.example\"",
     "[devices]\ndomain = \"example.org\"\nauthentication = [\"digest\"]\ncredentials = \"c\"\n",
     "config.advice.client_certificate", 3, "nobody is known by one", "\"optional\""},
    {"open_to_nobody", "key = \"edge.key\"", "key = \"edge.key\"\nclient_certificate = \"optional\"", "",
     "config.advice.client_certificate", 8, "nobody is known without one", "required is the default"},
    {"listener_for_unused_proof", "key = \"edge.key\"",
     "key = \"edge.key\"\nauthentication = [\"certificate\", \"certificate and digest\"]", "",
     "config.advice.listener_authentication", 8, "\"certificate and digest\"", "is known so"},
    {"listener_that_requires_more", "key = \"edge.key\"", "key = \"edge.key\"\nauthentication = [\"digest\"]",
     DEVICES "authentication = [\"certificate\", \"digest\"]\ncredentials = \"c\"\n",
     "config.advice.listener_authentication", 8, "nobody can use there", "requires a certificate"},
    {"no_listener_without_certificate", "", "",
     "[devices]\ndomain = \"example.org\"\nauthentication = [\"digest\"]\ncredentials = \"c\"\n",
     "config.advice.no_listener", 23, "every [[listener]] requires one", "\"optional\""},
};

INSTANTIATE_TEST_SUITE_P(Routes, AdviceOnRoutes, testing::ValuesIn(kAdvice), caseName);

}  // namespace
}  // namespace sallyport::config
