// SPDX-License-Identifier: Apache-2.0
#pragma once
// `sallyport run`: the composition root. Builds everything from the configuration in the order of trust,
// hands it down, serves until told to stop, drains.

#include "app/options.h"

namespace sallyport::app {

int serve(const RunCommand& command);

}  // namespace sallyport::app
