// SPDX-License-Identifier: Apache-2.0
#pragma once
// One side of a call that is given up to another call: its leg, and what it has been told of media in its dialog.

#include <memory>

#include "call/leg.h"
#include "call/media_session.h"

namespace sallyport::call {

struct Surrendered {
  std::unique_ptr<Leg> leg;
  MediaSession::Thread thread;
};

}  // namespace sallyport::call
