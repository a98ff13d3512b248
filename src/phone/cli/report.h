// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a call came to and how two recordings compare, as a person or a program reads it.

#include <string>
#include <string_view>

#include "phone/audio/compare.h"
#include "phone/cli/sas_prompt.h"
#include "phone/conversation.h"
#include "phone/registration.h"

namespace sallyport::phone {

std::string jsonReport(const CallReport& report);  // one line, {"event":"ended",...}
std::string textReport(const CallReport& report);  // several lines

std::string jsonSas(const ZrtpFacts& facts);  // one line, {"event":"sas",...}
std::string textSas(const ZrtpFacts& facts);  // what a person is to do about it

inline constexpr std::string_view kSasQuestion = "Do both of you read the same? y or n:";
std::string jsonSasReply(SasReply reply);  // one line, {"event":"sas_reply",...}
std::string textSasReply(SasReply reply);

std::string jsonComparison(const AudioComparison& comparison, const AudioVerdict& verdict);
std::string textComparison(const AudioComparison& comparison, const AudioVerdict& verdict);

std::string textRegistered(const Registered& registered);
std::string jsonRegistered(const Registered& registered);
std::string textRegistrationFailed(const Error& error, int status);
std::string jsonRegistrationFailed(const Error& error, int status);

}  // namespace sallyport::phone
