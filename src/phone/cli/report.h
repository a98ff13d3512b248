// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a call came to and how two recordings compare, as a person or a program reads it.

#include <string>

#include "phone/audio/compare.h"
#include "phone/conversation.h"
#include "phone/registration.h"

namespace sallyport::phone {

std::string jsonReport(const CallReport& report);  // one line, {"event":"ended",...}
std::string textReport(const CallReport& report);  // several lines

std::string jsonSas(const ZrtpFacts& facts);  // one line, {"event":"sas",...}
std::string textSas(const ZrtpFacts& facts);  // what a person is to do about it

std::string jsonComparison(const AudioComparison& comparison, const AudioVerdict& verdict);
std::string textComparison(const AudioComparison& comparison, const AudioVerdict& verdict);

std::string textRegistered(const Registered& registered);
std::string jsonRegistered(const Registered& registered);
std::string textRegistrationFailed(const Error& error, int status);
std::string jsonRegistrationFailed(const Error& error, int status);

}  // namespace sallyport::phone
