// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/command_line.h"

#include <cstdio>

#include "phone/audio/sound_card.h"
#include "phone/cli/answer_command.h"
#include "phone/cli/call_command.h"
#include "phone/cli/json_line.h"
#include "phone/cli/options.h"
#include "phone/cli/phone_session.h"
#include "phone/cli/register_command.h"
#include "phone/cli/report.h"

namespace sallyport::phone {
namespace {

int compareFiles(const CompareOptions& options) {
  const auto played = loadWav(options.played);
  if (!played) return explain(played.error());
  const auto heard = loadWav(options.heard);
  if (!heard) return explain(heard.error());
  const auto comparison = compareAudio(*played, *heard);
  if (!comparison) {
    explain(comparison.error());
    return kExitFailed;
  }
  const auto verdict = judge(*comparison, thresholdsFor(options.codec));
  const bool json = options.output == Output::json;
  const auto text = json ? jsonComparison(*comparison, verdict) + "\n" : textComparison(*comparison, verdict);
  std::fputs(text.c_str(), stdout);
  return verdict.passed() ? kExitOk : kExitFailed;
}

int listDevices(const DevicesOptions& options) {
  const auto devices = soundDevices();
  if (!devices) return explain(devices.error());
  if (devices->empty()) {
    return explain({ErrorKind::misconfigured, "phone.audio.no_device", "this machine has no sound card"});
  }
  for (const auto& device : *devices) {
    const auto json = JsonLine{}
                          .text("device", device.name)
                          .integer("inputs", device.inputs)
                          .integer("outputs", device.outputs)
                          .str();
    std::puts(options.output == Output::json ? json.c_str() : device.name.c_str());
  }
  return kExitOk;
}

struct Runner {
  int operator()(const ExitNow& exit) const { return exit.status; }
  int operator()(const CallOptions& options) const { return CallCommand{options}.run(); }
  int operator()(const AnswerOptions& options) const { return AnswerCommand{options}.run(); }
  int operator()(const RegisterOptions& options) const { return RegisterCommand{options}.run(); }
  int operator()(const CompareOptions& options) const { return compareFiles(options); }
  int operator()(const DevicesOptions& options) const { return listDevices(options); }
};

}  // namespace

int runCommandLine(int argc, const char* const* argv) { return std::visit(Runner{}, parseCommandLine(argc, argv)); }

}  // namespace sallyport::phone
