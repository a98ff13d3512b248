// SPDX-License-Identifier: Apache-2.0
#include "phone/cli/command_line.h"

int main(int argc, char** argv) { return sallyport::phone::runCommandLine(argc, argv); }
