// SPDX-License-Identifier: Apache-2.0
#pragma once
// `sallyport-phone call|answer|echo|register|compare|devices`: parses, runs, reports. Exit status 0: the call (or the
// comparison) succeeded; 1: it did not, and why is printed; 2: the command line or a file it names is wrong.

namespace sallyport::phone {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

int runCommandLine(int argc, const char* const* argv);

}  // namespace sallyport::phone
