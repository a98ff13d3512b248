// SPDX-License-Identifier: Apache-2.0
#include "call/number_plan.h"

#include <gtest/gtest.h>

#include "call/number_countries.h"

namespace sallyport::call {
namespace {

NumberPlan planOf(std::string country, std::string area = {}, NumberForm outgoing = NumberForm::asIs) {
  auto plan = NumberPlan::make({std::move(country), std::move(area), outgoing});
  SP_CHECK(plan.ok());
  return *std::move(plan);
}

std::string refusal(const config::Numbers& rules) {
  const auto plan = NumberPlan::make(rules);
  return plan ? "taken" : plan.error().code;
}

struct Dialled {
  const char* country;
  const char* area;
  const char* dialled;
  const char* e164;
};

TEST(NumberPlan, ReadsWhatPeopleDial) {
  constexpr Dialled kCases[] = {
      {"DE", "", "030123456", "+4930123456"},
      {"DE", "30", "123456", "+4930123456"},
      {"DE", "", "0049 30 123456", ""},  // a blank is no visual separator of RFC 3966
      {"DE", "", "004930123456", "+4930123456"},
      {"DE", "", "+4930123456", "+4930123456"},
      {"DE", "", "+49-(30)-123.456", "+4930123456"},
      {"DE", "", "+49(0)30123456", "+4930123456"},
      {"DE", "", "01711234567", "+491711234567"},
      {"DE", "", "00442079460958", "+442079460958"},
      {"DE", "", "0014155550123", "+14155550123"},
      {"AT", "1", "5880100", "+4315880100"},
      {"AT", "", "06641234567", "+436641234567"},
      {"CH", "", "0446681800", "+41446681800"},
      {"CH", "", "+41446681800", "+41446681800"},
      {"GB", "20", "79460958", "+442079460958"},
      {"GB", "", "02079460958", "+442079460958"},
      {"GB", "", "07700900123", "+447700900123"},
      {"GB", "", "+44(0)2079460958", "+442079460958"},
      {"IE", "1", "6771234", "+35316771234"},
      {"FR", "", "0142685300", "+33142685300"},
      {"FR", "", "0033142685300", "+33142685300"},
      {"BE", "", "025490211", "+3225490211"},
      {"NL", "", "0201234567", "+31201234567"},
      {"LU", "", "26123456", "+35226123456"},
      {"IT", "", "0612345678", "+390612345678"},
      {"IT", "", "3331234567", "+393331234567"},
      {"DE", "", "00390612345678", "+390612345678"},
      {"ES", "", "912345678", "+34912345678"},
      {"PT", "", "212345678", "+351212345678"},
      {"GR", "", "2101234567", "+302101234567"},
      {"DK", "", "33123456", "+4533123456"},
      {"NO", "", "22123456", "+4722123456"},
      {"SE", "", "08123456", "+468123456"},
      {"FI", "", "0912345678", "+358912345678"},
      {"FI", "", "990442079460958", "+442079460958"},
      {"IS", "", "5401234", "+3545401234"},
      {"PL", "", "221234567", "+48221234567"},
      {"CZ", "", "221234567", "+420221234567"},
      {"SK", "", "0212345678", "+421212345678"},
      {"HU", "", "0612345678", "+3612345678"},
      {"HU", "1", "2345678", "+3612345678"},
      {"RO", "", "0211234567", "+40211234567"},
      {"BG", "", "029876543", "+35929876543"},
      {"HR", "", "014567890", "+38514567890"},
      {"SI", "", "014787800", "+38614787800"},
      {"EE", "", "6123456", "+3726123456"},
      {"LV", "", "67123456", "+37167123456"},
      {"LT", "", "852123456", "+37052123456"},
      {"LT", "", "052123456", "+37052123456"},
      {"MT", "", "21234567", "+35621234567"},
      {"CY", "", "22123456", "+35722123456"},
      {"LI", "", "2361234", "+4232361234"},
      {"US", "", "4155550123", "+14155550123"},
      {"US", "", "14155550123", "+14155550123"},
      {"US", "415", "5550123", "+14155550123"},
      {"US", "", "011442079460958", "+442079460958"},
      {"CA", "", "(613)555-0123", "+16135550123"},
      {"AU", "2", "92345678", "+61292345678"},
      {"AU", "", "0292345678", "+61292345678"},
      {"AU", "", "0011442079460958", "+442079460958"},
      {"NZ", "", "093001234", "+6493001234"},
      {"JP", "", "0312345678", "+81312345678"},
      {"JP", "", "09012345678", "+819012345678"},
      {"JP", "", "010442079460958", "+442079460958"},
      {"IN", "", "9876543210", "+919876543210"},
      {"IN", "", "02212345678", "+912212345678"},
      {"BR", "", "1133224455", "+551133224455"},
      {"BR", "", "01133224455", "+551133224455"},
      {"BR", "", "0151133224455", "+551133224455"},
      {"BR", "", "11987654321", "+5511987654321"},
      {"BR", "", "0021442079460958", "+442079460958"},
      {"ZA", "", "0211234567", "+27211234567"},
      {"SG", "", "61234567", "+6561234567"},
      {"SG", "", "001442079460958", "+442079460958"},
      {"HK", "", "21234567", "+85221234567"},
      {"IL", "", "036123456", "+97236123456"},
      {"IL", "", "012442079460958", "+442079460958"},
      {"TR", "", "02121234567", "+902121234567"},
      {"UA", "", "0441234567", "+380441234567"},
      {"RU", "", "84951234567", "+74951234567"},
      {"RU", "", "810442079460958", "+442079460958"},
      {"RU", "", "9161234567", "+79161234567"},
      {"CN", "", "01012345678", "+861012345678"},
      {"CN", "", "13812345678", "+8613812345678"},
      {"MX", "", "5512345678", "+525512345678"},
      {"", "", "+4930123456", "+4930123456"},
      {"", "", "+2348031234567", "+2348031234567"},
  };
  for (const auto& [country, area, dialled, e164] : kCases) {
    const auto number = planOf(country, area).read(dialled);
    EXPECT_EQ(number.e164, e164) << country << " " << area << " " << dialled << ": " << number.why;
    EXPECT_EQ(number.isKnown(), e164[0] != '\0');
  }
}

struct LeftAlone {
  const char* country;
  const char* dialled;
  NumberKind kind;
};

TEST(NumberPlan, LeavesAloneWhatItMustNotGuess) {
  using enum NumberKind;
  constexpr LeftAlone kCases[] = {{"DE", "112", emergency},
                                  {"DE", "110", emergency},
                                  {"GB", "999", emergency},
                                  {"GB", "112", emergency},
                                  {"US", "911", emergency},
                                  {"AU", "000", emergency},
                                  {"FR", "15", emergency},
                                  {"BR", "190", emergency},
                                  {"DE", "116117", shortCode},
                                  {"DE", "11833", shortCode},
                                  {"DE", "115", shortCode},
                                  {"DE", "100", shortCode},
                                  {"US", "411", shortCode},
                                  {"AU", "131234", shortCode},
                                  {"AU", "1300123456", shortCode},
                                  {"GB", "101", shortCode},
                                  {"", "1001", shortCode},
                                  {"DE", "1234567", local},
                                  {"US", "5550123", local},
                                  {"ES", "123456", local},
                                  {"DE", "00", shortCode},
                                  {"DE", "000123456", local},
                                  {"SG", "002460026172", local},
                                  {"DE", "+999123456", local},
                                  {"DE", "+4930", local},
                                  {"US", "+10155501234", local},
                                  {"", "004930123456", local},
                                  {"DE", "+491234567890123456", local},
                                  {"DE", "0049301234567890123", local},
                                  {"PL", "0221234567", local},
                                  {"DE", "alice", name},
                                  {"DE", "*21#", name},
                                  {"DE", "1234a", name},
                                  {"DE", "+", name},
                                  {"DE", "", name},
                                  {"DE", "4+9", name},
                                  {"DE", "--", name},
                                  {"DE", "1-800-FLOWERS", name}};
  for (const auto& [country, dialled, kind] : kCases) {
    const auto number = planOf(country).read(dialled);
    EXPECT_EQ(number.kind, kind) << country << " " << dialled << ": " << number.why;
    EXPECT_EQ(number.e164, "") << dialled;
    EXPECT_EQ(number.best(), number.dialled);
    EXPECT_EQ(planOf(country, "", NumberForm::e164).write(number), number.dialled);
  }
}

TEST(NumberPlan, ATextWithoutEndIsNoNumber) {
  EXPECT_EQ(planOf("DE").read(std::string(65, '1')).kind, NumberKind::name);
  EXPECT_EQ(planOf("DE").read(std::string(64, '1')).kind, NumberKind::local);
}

struct Written {
  const char* country;
  const char* e164;
  const char* national;
};

TEST(NumberPlan, WritesNumbersAsAPeerDialsThem) {
  constexpr Written kCases[] = {{"DE", "+4930123456", "030123456"},     {"DE", "+442079460958", "00442079460958"},
                                {"US", "+14155550123", "14155550123"},  {"US", "+442079460958", "011442079460958"},
                                {"IT", "+390612345678", "0612345678"},  {"HU", "+3612345678", "0612345678"},
                                {"ES", "+34912345678", "912345678"},    {"RU", "+74951234567", "84951234567"},
                                {"JP", "+81312345678", "0312345678"},   {"RU", "+4930123456", "8104930123456"},
                                {"BR", "+551133224455", "01133224455"}, {"AU", "+61292345678", "0292345678"}};
  for (const auto& [country, e164, national] : kCases) {
    const auto number = NumberPlan{}.read(e164);
    EXPECT_EQ(planOf(country, "", NumberForm::national).write(number), national);
    EXPECT_EQ(planOf(country, "", NumberForm::e164).write(number), e164);
    EXPECT_EQ(planOf(country).read(national).e164, e164) << "and back";
  }
}

TEST(NumberPlan, WritesNoNationalNumberThatWouldBeDialledAbroad) {
  const auto italy = planOf("IT", {}, NumberForm::national);
  EXPECT_EQ(italy.write(italy.read("+390649865107")), "0649865107");
  EXPECT_EQ(italy.write(italy.read("+3900949865107")), "003900949865107") << "00 94 would be Sri Lanka";
}

TEST(NumberPlan, AsIsIsAsDialled) {
  const auto number = planOf("DE", "30").read("123456");
  EXPECT_EQ(planOf("DE").write(number), "123456");
  EXPECT_EQ(NumberPlan{}.write(number), "123456");
  EXPECT_EQ(number.best(), "+4930123456");
}

struct Charged {
  const char* country;
  const char* dialled;
  TollClass toll;
};

TEST(NumberToll, IsWhatTheCallCosts) {
  using enum TollClass;
  constexpr Charged kCases[] = {{"DE", "030123456", national},
                                {"DE", "+442079460958", international},
                                {"DE", "0900123456", premium},
                                {"DE", "01371234567", premium},
                                {"GB", "09061234567", premium},
                                {"GB", "07012345678", premium},
                                {"US", "9005550123", premium},
                                {"US", "18095550123", premium},
                                {"US", "6135550123", national},
                                {"DE", "+881612345678", satellite},
                                {"DE", "00870773123456", satellite},
                                {"DE", "+88216123456", satellite},
                                {"DE", "+2521234567", premium},
                                {"", "+4930123456", international},
                                {"DE", "112", shortCode},
                                {"DE", "11833", shortCode},
                                {"DE", "1234567", national},
                                {"", "0900123456", international},
                                {"FR", "0899123456", premium},
                                {"IT", "899123456", premium},
                                {"DE", "+979123456789", premium}};
  for (const auto& [country, dialled, toll] : kCases) {
    EXPECT_EQ(planOf(country).read(dialled).toll, toll) << country << " " << dialled;
  }
  EXPECT_EQ(planOf("DE").read("alice").toll, std::nullopt);
  EXPECT_EQ(planOf("DE").read("+881612345678").destination, "Iridium");
}

TEST(NumberPlanRefused, WithItsReason) {
  EXPECT_EQ(refusal({"XX", "", {}}), "call.numbers.country");
  EXPECT_EQ(refusal({"de", "", {}}), "call.numbers.country");
  EXPECT_EQ(refusal({"DE", "030", {}}), "call.numbers.area");
  EXPECT_EQ(refusal({"DE", "x", {}}), "call.numbers.area");
  EXPECT_EQ(refusal({"DE", "12345678901234", {}}), "call.numbers.area");
  EXPECT_EQ(refusal({"ES", "91", {}}), "call.numbers.area");
  EXPECT_EQ(refusal({"", "30", {}}), "call.numbers.area");
  EXPECT_EQ(refusal({"", "", NumberForm::national}), "call.numbers.outgoing");
  EXPECT_EQ(refusal({"", "", NumberForm::e164}), "taken");
}

class NumberUri : public ::testing::Test {
 protected:
  static std::string read(std::string_view text) {
    const auto uri = sip::Uri::parse(text);
    SP_CHECK(uri.ok());
    const auto number = planOf("DE", "30").read(*uri, "sallyport.test");
    if (!number) return number.error().code;
    return number->isKnown() ? number->e164 : std::string{toString(number->kind)} + " " + number->dialled;
  }
};

TEST_F(NumberUri, ATelephoneNumberIsReadFromTel) {
  EXPECT_EQ(read("tel:+49-30-123456"), "+4930123456");
  EXPECT_EQ(read("TEL:+4930123456;ext=12"), "+4930123456");
  EXPECT_EQ(read("tel:123456;phone-context=+49"), "+4930123456");
  EXPECT_EQ(read("tel:123456;phone-context=+49-30"), "+4930123456");
  EXPECT_EQ(read("tel:030123456;phone-context=SALLYPORT.test"), "+4930123456");
  EXPECT_EQ(read("tel:112;phone-context=+49"), "emergency 112");
}

TEST_F(NumberUri, AnotherContextIsNotOurs) {
  EXPECT_EQ(read("tel:123456789;phone-context=+1"), "local 123456789");
  EXPECT_EQ(read("tel:123456789;phone-context=+49-89"), "local 123456789");
  EXPECT_EQ(read("tel:123456789;phone-context=elsewhere.test"), "local 123456789");
}

TEST_F(NumberUri, ATelephoneNumberIsReadFromSip) {
  EXPECT_EQ(read("sip:+49-30-123456@sallyport.test;user=phone"), "+4930123456");
  EXPECT_EQ(read("sip:+4930123456;ext=1@sallyport.test;user=phone"), "+4930123456");
  EXPECT_EQ(read("sip:123456;phone-context=+49@sallyport.test;user=PHONE"), "+4930123456");
  EXPECT_EQ(read("sip:%2B4930123456@sallyport.test"), "+4930123456");
  EXPECT_EQ(read("sip:030123456@sallyport.test"), "+4930123456");
  EXPECT_EQ(read("sip:alice@sallyport.test"), "name alice");
  EXPECT_EQ(read("sip:123456;phone-context=+49@sallyport.test"), "name 123456;phone-context=+49");
}

TEST_F(NumberUri, IsRefusedWithItsReason) {
  EXPECT_EQ(read("tel:123456"), "call.number.context");
  EXPECT_EQ(read("tel:123456;ext=1"), "call.number.context");
  EXPECT_EQ(read("tel:+"), "call.number.tel");
  EXPECT_EQ(read("tel:+49x"), "call.number.tel");
  EXPECT_EQ(read("tel:alice;phone-context=+49"), "call.number.tel");
  EXPECT_EQ(read("tel:;phone-context=+49"), "call.number.tel");
  EXPECT_EQ(read("tel:%00"), "call.number.user");
  EXPECT_EQ(read("sip:sallyport.test"), "call.number.user");
}

TEST(NumberTables, AgreeWithThemselves) {
  for (const auto& plan : countryPlans()) {
    EXPECT_EQ(countryCodeOf(plan.code), plan.code) << plan.country;
    EXPECT_LE(plan.shortest, plan.longest) << plan.country;
    EXPECT_LE(plan.code.size() + plan.longest, 15u) << plan.country;
    EXPECT_EQ(countryPlan(plan.country), &plan);
  }
  for (const auto& code : countryCodes()) EXPECT_EQ(countryCodeOf(code), code) << "one code is another's prefix";
  for (const auto& toll : tollPrefixes()) {
    EXPECT_EQ(highToll(toll.prefix), &toll);
    EXPECT_NE(countryCodeOf(toll.prefix), "") << toll.prefix;
  }
}

TEST(NumberTables, CoverTheCountriesOfTheUnionAndBeyond) {
  for (const auto* country :
       {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
        "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "GB", "CH",
        "US", "CA", "AU", "NZ", "JP", "IN", "BR", "ZA", "SG", "HK", "IL", "TR", "UA", "RU", "CN", "MX"}) {
    EXPECT_NE(countryPlan(country), nullptr) << country;
  }
}

}  // namespace
}  // namespace sallyport::call
