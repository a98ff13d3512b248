// SPDX-License-Identifier: Apache-2.0
// Every way one setting can be wrong: a row per refusal.
#include "config/problem_test_support.h"

namespace sallyport::config {
namespace {

const std::string kLongComment = "#" + std::string(5'000, 'x') + "\n";

class WrongSetting : public testing::TestWithParam<Case> {};

TEST_P(WrongSetting, IsReportedWithItsPlaceAndReason) { expectProblem(GetParam()); }

const Case kKeys[] = {
    {"unknown_setting", "", "", "[media2]\n", "config.key.unknown", 21, "no setting 'media2' in the file", "'media'"},
    {"misspelt_setting", "address = \"192", "adress = [] #\naddress = \"192", "", "config.key.unknown", 9,
     "no setting 'adress' in [media]", "did you mean 'address'?"},
    {"swapped_letters", "", "", "[sip]\nmax_fowrards = 3\n", "config.key.unknown", 22, "max_fowrards", "max_forwards"},
    {"unknown_in_named_table", "", "nmae = 1\n", "[guard]\nmehtod = \"off\"\n", "config.key.unknown", 22, "[guard]",
     "'method'"},
    {"wish_for_no_verification", "trust = \"private\"", "trust = \"private\"\ninsecure_skip_verify = true", "",
     "config.key.unknown", 17, "insecure_skip_verify", "nothing turns verification off"},
    {"unknown_in_inline_table", "", "", "[guard]\nsource_call_rate = { brust = 2 }\n", "config.key.unknown", 22,
     "'brust' in [guard] source_call_rate", "'burst'"},
    {"missing_setting", "key = \"edge.key\"\n", "", "", "config.key.missing", 3, "'key' in [[listener]] 'public'"},
    {"missing_domains", "domains = [\"example.org\"]\n", "", "", "config.key.missing", 1, "'domains'"},
    {"missing_listener",
     "[[listener]]\nname = \"public\"\naddress = \"0.0.0.0:5061\"\ncertificate = \"edge.pem\"\nkey = \"edge.key\"\n",
     "", "", "config.key.missing", 0, "no [[listener]]"},
    {"half_an_rsa_pair", "key = \"edge.key\"", "key = \"edge.key\"\nrsa_key = \"r.key\"", "", "config.key.missing", 8,
     "go together"},
    {"setting_twice", "key = \"edge.key\"", "key = \"edge.key\"\nkey = \"b\"", "", "config.key.duplicate", 8, "key",
     "not examined"},
    {"not_toml", "", "", "what is this\n", "config.file.syntax", 21, "", "not examined"},
    {"control_bytes", "", "", "\x01\n", "config.file.syntax", 21, ""},
    {"carriage_return_inside", "", "", "# a\rb\n", "config.file.syntax", 21, "control byte"},
    {"a_blank_that_is_not_ascii", "", "", "[\xe2\x80\x83[x]]\n", "config.file.syntax", 21, "only ASCII", "quotes"},
    {"a_letter_that_is_not_ascii", "", "", "d\xd1\x92 = 1\n", "config.file.syntax", 21, "only ASCII", "quotes"},
    {"a_letter_behind_a_string", "", "", "a = \"x\"\xd1\x92\n", "config.file.syntax", 21, "only ASCII", "quotes"},
    {"a_string_over_lines", "", "", "a = \"\"\"x\ny\"\"\"\n", "config.file.syntax", 21, "several lines", "one line"},
    {"an_escape_of_nothing", "", "", "a = \"\\\xd1\x92\"\n", "config.file.syntax", 21, "cannot be escaped"},
    {"a_string_right_behind_a_number", "", "", "a = [0\"\xd1\x92\"]\n", "config.file.syntax", 21, "may not begin here",
     "comma"},
    {"a_very_long_line", "", "", kLongComment, "config.file.line_too_long", 21, "4096", "several lines"},
    {"a_bracket_the_parser_trips_over", "", "", "[}\n", "config.file.syntax", 0, "not TOML"},
    {"invalid_utf8", "", "", "# \xff\xfe\n", "config.file.syntax", 21, ""},
};

const Case kTypes[] = {
    {"number_for_text", "name = \"public\"", "name = 7", "", "config.type", 4, "must be text, not a whole number"},
    {"table_for_list", "[[route]]", "[route]", "", "config.type", 18, "list of tables", "[[route]]"},
    {"list_of_numbers", "[\"dns:core.example\"]", "[1]", "", "config.type", 15, "list of texts"},
    {"duration_without_unit", "", "", "[sip]\nt1 = 500\n", "config.type", 22, "needs a unit", "\"500ms\""},
    {"duration_of_nonsense", "", "", "[sip]\nt1 = \"soon\"\n", "config.value.form", 22, "\"soon\""},
    {"duration_wraps", "", "", "[sip]\nt1 = \"99999999999999999999h\"\n", "config.value.form", 22, "duration"},
    {"session_below_rfc4028", "", "", "[sip]\nmin_se = \"30s\"\n", "config.value.range", 22, "between 90s and"},
    {"number_out_of_range", "", "", "[sip]\nmax_forwards = 256\n", "config.value.range", 22, "between 1 and 255"},
    {"negative_number", "", "", "[sip]\nmax_forwards = -1\n", "config.value.range", 22, "between 1 and 255"},
    {"not_a_number", "", "", "[guard]\nsource_call_rate = { calls_per_second = nan }\n", "config.value.range", 22,
     "calls_per_second"},
    {"flag_as_text", "address = \"192.0.2.20:5071\"", "address = \"192.0.2.20:5071\"\nwildcard = \"yes\"", "",
     "config.type", 18, "must be true or false, not text"},
    {"unknown_choice", "", "", "[telemetry]\nlevel = \"warn\"\n", "config.value.choice", 22, "one of", "\"warning\""},
    {"address_without_port", "0.0.0.0:5061", "0.0.0.0", "", "config.value.form", 5, "an address with a port"},
    {"address_by_name", "192.0.2.20:5071", "core.example:5071", "", "config.value.form", 17, "core.example"},
    {"domain_with_space", "example.org", "exa mple", "", "config.value.form", 2, "domain name"},
    {"domain_like_bad_address", "example.org", "10.0.0.300", "", "config.value.form", 2, "domain name"},
    {"identity_without_kind", "dns:core.example", "core.example", "", "config.value.form", 15, "dns:core.example"},
    {"identity_with_star", "dns:core.example", "dns:*.example", "", "config.value.form", 15, "dns:*.example"},
    {"identity_uri_not_sip", "dns:core.example", "uri:https://x", "", "config.value.form", 15, "uri:https://x"},
    {"bad_network", "address = \"192.0.2.20:5071\"", "networks = [\"192.0.2.0/33\"]\naddress = \"192.0.2.20:5071\"", "",
     "config.value.form", 17, "192.0.2.0/33"},
    {"bad_pattern", "user = \"*\"", "user = \"a*b\"", "", "config.value.form", 19, "a*b"},
    {"bad_asserted_identity", "trust = \"private\"", "trust = \"private\"\nasserted_identity = \"+4930\"", "",
     "config.value.form", 17, "sip:number@domain"},
    {"empty_path", "\"edge.pem\"", "\"\"", "", "config.value.form", 6, "a file path"},
    {"bad_name", "name = \"public\"", "name = \"pub lic\"", "", "config.value.form", 4, "letters"},
    {"nested_too_deep", "", "", "x = [[[[[[[[[[1]]]]]]]]]]\n", "config.file.syntax", 21, "deep"},
};

INSTANTIATE_TEST_SUITE_P(Keys, WrongSetting, testing::ValuesIn(kKeys), caseName);
INSTANTIATE_TEST_SUITE_P(Values, WrongSetting, testing::ValuesIn(kTypes), caseName);

}  // namespace
}  // namespace sallyport::config
