// SPDX-License-Identifier: Apache-2.0
// [[peer]] and [devices]: how each is known, where it is, and what a trunk may say.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

class WrongPeer : public testing::TestWithParam<Case> {};

TEST_P(WrongPeer, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

// The good peer's line 16, and what is added behind it from line 17 on.
constexpr std::string_view kTrust = "trust = \"private\"";
// Appended, on lines of its own.
constexpr std::string_view kPlainDoor = "[unprotected_listener]\naddress = \"10.0.0.1:5060\"\n";

const Case kProofRows[] = {
    {"identities_left_out", "identities = [\"dns:core.example\"]\n", "", "", "config.key.missing", 13,
     "'identities' in [[peer]] 'core'", "known by its certificate unless 'authentication' says otherwise"},
    {"trust_left_out", "trust = \"private\"\naddress", "address", "", "config.key.missing", 13,
     "'trust' in [[peer]] 'core'", "known by its certificate unless"},
    {"unknown_proof", kTrust, "trust = \"private\"\nauthentication = [\"password\"]", "", "config.value.form", 17,
     "\"password\"", ""},
    {"proof_twice_in_one", kTrust, "trust = \"private\"\nauthentication = [\"digest and digest\"]", "",
     "config.value.form", 17, "certificate and digest"},
    {"same_requirement_twice", kTrust, "trust = \"private\"\nauthentication = [\"certificate\", \"certificate\"]", "",
     "config.key.duplicate", 17, "\"certificate\" in 'authentication' twice"},
    {"no_requirement", kTrust, "trust = \"private\"\nauthentication = []", "", "config.value.empty", 17,
     "'authentication'"},
    {"network_without_networks", kTrust, "trust = \"private\"\nauthentication = [\"network\"]", "",
     "config.key.missing", 13, "'networks' in [[peer]] 'core'", "known by nothing else"},
    {"called_without_trust", "trust = \"private\"\naddress",
     "authentication = [\"network\"]\nnetworks = [\"192.0.2.0/24\"]\naddress", "", "config.key.missing", 13,
     "'trust' in [[peer]] 'core'"},
    {"called_without_a_name", "identities = [\"dns:core.example\"]",
     "authentication = [\"network\"]\nnetworks = [\"192.0.2.0/24\"]", "", "config.key.missing", 13,
     "'identities' in [[peer]] 'core'"},
    {"password_without_verifiers", kTrust, "trust = \"private\"\nauthentication = [\"digest\"]", "", "config.conflict",
     17, "no 'credentials' in [devices]", "the peer's name"},
    {"peer_by_token", kTrust, "trust = \"private\"\nauthentication = [\"token\"]", "", "config.conflict", 17,
     "cannot be known by a token"},
    {"empty_digests", kTrust, "trust = \"private\"\ndigest_algorithms = []", "", "config.value.empty", 17,
     "'digest_algorithms'"},
    {"digest_twice", kTrust, "trust = \"private\"\ndigest_algorithms = [\"SHA-256\", \"SHA-256\"]", "",
     "config.key.duplicate", 17, "digest algorithm twice"},
    {"unknown_digest", kTrust, "trust = \"private\"\ndigest_algorithms = [\"SHA-265\"]", "", "config.value.choice", 17,
     "SHA-265", "\"SHA-256\""},
};

const Case kDeviceRows[] = {
    {"devices_without_trust", "", "", "[devices]\ndomain = \"example.org\"\n", "config.key.missing", 21,
     "'trust' in [devices]"},
    {"md5_for_devices", "", "",
     "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\ndigest_algorithms = [\"MD5\"]\n", "config.value.choice",
     24, "not \"MD5\""},
    {"digest_without_credentials", "", "", "[devices]\ndomain = \"example.org\"\nauthentication = [\"digest\"]\n",
     "config.key.missing", 21, "'credentials' in [devices]", "0600"},
    {"scram_without_credentials", "", "", "[devices]\ndomain = \"example.org\"\nauthentication = [\"scram\"]\n",
     "config.key.missing", 21, "'credentials' in [devices]"},
    {"token_without_issuer", "", "", "[devices]\ndomain = \"example.org\"\nauthentication = [\"token\"]\n",
     "config.key.missing", 21, "'token' in [devices]", "issuer"},
    {"devices_by_network", "", "",
     "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\nauthentication = [\"certificate\", \"network\"]\n",
     "config.conflict", 24, "not which device", "[[peer]]"},
    {"realm_with_a_quote", "", "", "[devices]\ntrust = \"private\"\ndomain = \"example.org\"\nrealm = \"a\\\"b\"\n",
     "config.value.form", 24, "without quotes"},
};

#define TOKEN(more)                                                                      \
  "[devices]\ndomain = \"example.org\"\nauthentication = [\"token\"]\n[devices.token]\n" \
  "issuer = \"https://login.example.org\"\naudience = \"sip\"\n" more

const Case kTokenRows[] = {
    {"token_without_keys", "", "", TOKEN(""), "config.key.missing", 24, "no keys", "jwks"},
    {"token_with_two_sources", "", "",
     TOKEN("jwks = \"k.json\"\njwks_url = \"https://login.example.org/k\"\njwks_trust = \"private\"\n"),
     "config.conflict", 24, "from 'jwks' and from 'jwks_url'"},
    {"token_url_without_trust", "", "", TOKEN("jwks_url = \"https://login.example.org/k\"\n"), "config.key.missing", 24,
     "'jwks_trust'"},
    {"token_url_in_clear", "", "", TOKEN("jwks = \"k\"\nauthz_server = \"http://login.example.org\"\n"),
     "config.value.form", 28, "https://"},
    {"token_with_unknown_trust", "", "", TOKEN("jwks_url = \"https://login.example.org/k\"\njwks_trust = \"privat\"\n"),
     "config.reference", 24, "no such [[trust]]", "\"private\""},
};
#undef TOKEN

const Case kReachRows[] = {
    {"two_ways_to_reach", kTrust, "trust = \"private\"\nhost = \"core.example\"", "", "config.conflict", 17,
     "by 'address' and by 'host'", "one of them"},
    {"targets_not_tables", "address = \"192.0.2.20:5071\"", "targets = [\"192.0.2.20:5071\"]", "", "config.type", 17,
     "list of tables", "targets = [{"},
    {"target_without_address", "address = \"192.0.2.20:5071\"", "targets = [{ priority = 1 }]", "",
     "config.key.missing", 17, "'address' in [[peer]] 'core' targets"},
    {"target_by_two_ways", "address = \"192.0.2.20:5071\"",
     "targets = [{ address = \"192.0.2.20:5071\", host = \"core.example\" }]", "", "config.conflict", 17,
     "by 'address' and by 'host'"},
    {"target_at_port_zero", "address = \"192.0.2.20:5071\"", "targets = [{ address = \"192.0.2.20:0\" }]", "",
     "config.value.form", 17, "cannot be reached at 192.0.2.20:0"},
    {"target_priority_too_large", "address = \"192.0.2.20:5071\"",
     "targets = [{ address = \"192.0.2.20:5071\", priority = 70000 }]", "", "config.value.range", 17, "65535"},
    {"unprotected_by_name", "address = \"192.0.2.20:5071\"", "host = \"core.example\"\nunprotected = true", kPlainDoor,
     "config.conflict", 18, "named by DNS", "'address'"},
    {"unprotected_nowhere", "address = \"192.0.2.20:5071\"", "unprotected = true", kPlainDoor, "config.conflict", 17,
     "has no address"},
    {"unprotected_without_listener", kTrust, "trust = \"private\"\nunprotected = true", "", "config.key.missing", 17,
     "there is no [unprotected_listener]", "address = "},
    {"unprotected_by_certificate", kTrust,
     "trust = \"private\"\nunprotected = true\nauthentication = [\"network\", \"certificate\"]", kPlainDoor,
     "config.conflict", 18, "known by its network alone"},
    {"unprotected_with_path", kTrust, "trust = \"private\"\nunprotected = true\npath = true", kPlainDoor,
     "config.conflict", 18, "phones behind it"},
    {"unprotected_with_sips", kTrust, "trust = \"private\"\nunprotected = true\nsips = \"require\"", kPlainDoor,
     "config.conflict", 18, "sips:"},
    {"unprotected_listener_everywhere", "", "", "[unprotected_listener]\naddress = \"0.0.0.0:5060\"\n",
     "config.conflict", 22, "every address", "faces the core"},
    {"unprotected_listener_taken", "", "", "[unprotected_listener]\naddress = \"192.0.2.10:5061\"\n", "config.conflict",
     22, "already taken by [[listener]] 'public'"},
    {"unprotected_listener_nowhere", "", "", "[unprotected_listener]\n", "config.key.missing", 21, "'address'"},
    {"tls12_and_not_below_13", kTrust, "trust = \"private\"\ntls = \"1.3\"\ntls12_only = true", "", "config.conflict",
     18, "TLS 1.2 only"},
    {"options_too_often", kTrust, "trust = \"private\"\noptions_interval = \"1s\"", "", "config.value.range", 17,
     "between 5s and 1h"},
    {"registered_nowhere", "address = \"192.0.2.20:5071\"", "registration = { aor = \"sip:a@core.example\" }", "",
     "config.conflict", 17, "not where it is"},
    {"registration_without_aor", kTrust, "trust = \"private\"\nregistration = { expires = \"10m\" }", "",
     "config.key.missing", 17, "'aor'"},
    {"credentials_without_realm", kTrust,
     "trust = \"private\"\ncredentials = { username = \"u\", password_file = \"p\" }", "", "config.key.missing", 17,
     "'realm' in [[peer]] 'core' credentials", "left unanswered"},
};

const Case kTrunkRows[] = {
    {"limit_of_nothing", kTrust, "trust = \"private\"\nlimits_in = { calls = 0 }", "", "config.value.range", 17,
     "'calls' in [[peer]] 'core' limits_in"},
    {"unknown_limit", kTrust, "trust = \"private\"\nlimits_out = { cps = 3 }", "", "config.key.unknown", 17, "'cps'"},
    {"country_in_words", kTrust, "trust = \"private\"\nnumbers = { country = \"Germany\" }", "", "config.value.form",
     17, "\"DE\""},
    {"area_without_country", kTrust, "trust = \"private\"\nnumbers = { area = \"30\" }", "", "config.conflict", 17,
     "names no country"},
    {"national_without_country", kTrust, "trust = \"private\"\nnumbers = { outgoing = \"national\" }", "",
     "config.conflict", 17, "names no country"},
    {"allowed_number_of_letters", kTrust, "trust = \"private\"\nnumbers_allowed = [\"+49x\"]", "", "config.value.form",
     17, "+49x"},
    {"allowed_users_of_no_domain", kTrust, "trust = \"private\"\nusers_allowed = [\"*\"]", "", "config.value.form", 17,
     "users_allowed"},
    {"unknown_method_of_a_peer", kTrust, "trust = \"private\"\nmethods = [\"MESAGE\"]", "", "config.value.choice", 17,
     "'methods' in [[peer]] 'core'", "\"MESSAGE\""},
    {"unknown_header_policy", kTrust, "trust = \"private\"\nheader_policy = \"cor@2026\"", "", "config.reference", 17,
     "header policy 'cor@2026'", "\"core@2026\""},
    {"header_policy_without_year", kTrust, "trust = \"private\"\nheader_policy = \"core\"", "", "config.value.form", 17,
     "acme@2026"},
    {"unknown_certificate_kind", kTrust, "trust = \"private\"\ncertificate = \"dsa\"", "", "config.value.choice", 17,
     "\"rsa\""},
    {"unknown_transcode", kTrust, "trust = \"private\"\ntranscode = \"always\"", "", "config.value.choice", 17,
     "refuse"},
    {"ptime_between_tens", kTrust, "trust = \"private\"\nptime = 25", "", "config.value.range", 17, "25 ms"},
    {"ptime_too_long", kTrust, "trust = \"private\"\nptime = 120", "", "config.value.range", 17, "60"},
    {"unknown_dtmf", kTrust, "trust = \"private\"\ndtmf = \"inband\"", "", "config.value.choice", 17, "\"info\""},
    {"failover_on_success", kTrust, "trust = \"private\"\nfailover_statuses = [200]", "", "config.value.range", 17,
     "between 300 and 699"},
    {"failover_in_words", kTrust, "trust = \"private\"\nfailover_statuses = \"503\"", "", "config.type", 17,
     "a list of numbers"},
    {"unknown_sips", kTrust, "trust = \"private\"\nsips = \"no\"", "", "config.value.choice", 17, "\"never\""},
    {"unknown_reaction", kTrust, "trust = \"private\"\non_foreign_identity = \"rewrite\"", "", "config.value.choice",
     17, "\"refuse\""},
};

INSTANTIATE_TEST_SUITE_P(Proofs, WrongPeer, testing::ValuesIn(kProofRows), caseName);
INSTANTIATE_TEST_SUITE_P(Devices, WrongPeer, testing::ValuesIn(kDeviceRows), caseName);
INSTANTIATE_TEST_SUITE_P(Tokens, WrongPeer, testing::ValuesIn(kTokenRows), caseName);
INSTANTIATE_TEST_SUITE_P(Reach, WrongPeer, testing::ValuesIn(kReachRows), caseName);
INSTANTIATE_TEST_SUITE_P(Trunks, WrongPeer, testing::ValuesIn(kTrunkRows), caseName);

class AdviceOnPeers : public testing::TestWithParam<Case> {};

TEST_P(AdviceOnPeers, IsGivenAndTheFileIsStillGood) { expectAdvice(GetParam()); }

const Case kAdvice[] = {
    {"unprotected", kTrust, "trust = \"private\"\nunprotected = true", kPlainDoor, "config.advice.unprotected", 17,
     "in clear"},
    {"unprotected_listener_for_nobody", "", "", kPlainDoor, "config.advice.unused", 21, "no [[peer]] is unprotected"},
    {"md5", kTrust, "trust = \"private\"\ndigest_algorithms = [\"MD5\"]", "", "config.advice.md5", 17, "a weakness"},
    {"network_only", kTrust,
     "trust = \"private\"\nauthentication = [\"certificate\", \"network\"]\nnetworks = [\"192.0.2.0/24\"]", "",
     "config.advice.network_only", 17, "whoever sends from there"},
};

INSTANTIATE_TEST_SUITE_P(Peers, AdviceOnPeers, testing::ValuesIn(kAdvice), caseName);

class NotesOnPeers : public testing::TestWithParam<Case> {};

TEST_P(NotesOnPeers, AreGivenWithoutAWarning) {
  const auto outcome = parse(textOf(GetParam()), "edge.toml");
  EXPECT_TRUE(outcome.ok() && outcome.warnings.empty()) << outcome.report();
  expectOnly(outcome.notes, GetParam(), outcome.report());
}

const Case kNotes[] = {
    {"zrtp", kTrust, "trust = \"private\"\nmedia = \"zrtp\"", "", "config.note.zrtp", 17, "can not verify it"},
    {"srtp_and_zrtp", kTrust, "trust = \"private\"\nmedia = \"srtp+zrtp\"", "", "config.note.zrtp", 17, "of each hop"},
};

const Case kNoteOnTokens{
    "keys_by_https",
    "key = \"edge.key\"\n",
    "key = \"edge.key\"\nclient_certificate = \"optional\"\n",
    "[devices]\ndomain = \"example.org\"\nauthentication = [\"token\"]\ntoken = { issuer = \"i\", "
    "audience = \"a\", jwks_url = \"https://login.example.org/keys\", jwks_trust = \"private\" }\n",
    "config.note.jwks_url",
    25,
    "https://login.example.org/keys"};
INSTANTIATE_TEST_SUITE_P(Tokens, NotesOnPeers, testing::Values(kNoteOnTokens), caseName);
INSTANTIATE_TEST_SUITE_P(Peers, NotesOnPeers, testing::ValuesIn(kNotes), caseName);

}  // namespace
}  // namespace sallyport::config
