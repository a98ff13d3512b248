// SPDX-License-Identifier: Apache-2.0
#include "call/extensions.h"

#include <string>

#include "call/leg.h"

namespace sallyport::call {

void sayExtensions(sip::MessageWriter& writer, const PeerPolicy& peer) {
  std::string tags{kSupported};
  if (hearsTrickledCandidates(peer)) tags.append(", ").append(kTrickleIce);
  writer.header(sip::HeaderId::supported, tags);
  if (hearsTrickledCandidates(peer)) writer.header("Recv-Info", kTrickleIce);
}

}  // namespace sallyport::call
