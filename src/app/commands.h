// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands that are not the edge itself. Each prints for a person, or JSON when asked, and returns the exit
// status: 0 it worked, 1 it did not (the reason is on standard error).

#include "app/options.h"
#include "core/result.h"

namespace sallyport::app {

int check(const CheckCommand& command);
int explainRoute(const RouteCommand& command);
int presets(const PresetsCommand& command);
int report(const ReportCommand& command);
int initialise(const InitCommand& command);
int certificateAuthority(const CaCommand& command);
int credentials(const CredentialsCommand& command);
int phone(const PhoneCommand& command);  // returns only when sallyport-phone can not be started
int version(const VersionCommand& command);

// "sallyport: code: detail" on standard error; the exit status 1.
int explain(const Error& error);

}  // namespace sallyport::app
