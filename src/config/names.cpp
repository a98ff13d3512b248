// SPDX-License-Identifier: Apache-2.0
// How the file writes each choice; the readers take these very words.
#include "config/choices.h"

namespace sallyport::config {
namespace {

template <typename E, std::size_t N>
std::string_view nameIn(const std::array<Choice<E>, N>& choices, E value) {
  for (const auto& [name, each] : choices) {
    if (each == value) return name;
  }
  return {};
}

}  // namespace

std::string toString(const Proofs& proofs) {
  std::string text;
  for (const auto proof : proofs) text += (text.empty() ? "" : " and ") + std::string{toString(proof)};
  return text;
}

std::string_view toString(Proof proof) { return nameIn(kProofs, proof); }
std::string_view toString(DigestAlgorithm algorithm) { return nameIn(kDigests, algorithm); }
std::string_view toString(KeyUsage usage) { return nameIn(kUsages, usage); }
std::string_view toString(Tier tier) { return nameIn(kTiers, tier); }
std::string_view toString(Codec codec) { return nameIn(kCodecs, codec); }
std::string_view toString(Disclosure disclosure) { return nameIn(kDisclosures, disclosure); }
std::string_view toString(DtmfMode mode) { return nameIn(kDtmfModes, mode); }
std::string_view toString(Keying keying) { return nameIn(kKeyings, keying); }
std::string_view toString(IceUse use) { return nameIn(kIceUses, use); }
std::string_view toString(Transcode use) { return nameIn(kTranscodes, use); }
std::string_view toString(SipsMode mode) { return nameIn(kSipsModes, mode); }
std::string_view toString(NumberForm form) { return nameIn(kNumberForms, form); }
std::string_view toString(OnForeignIdentity reaction) { return nameIn(kReactions, reaction); }
std::string_view toString(CertificateKind kind) { return nameIn(kCertificateKinds, kind); }
std::string_view toString(TlsFloor floor) { return nameIn(kTlsFloors, floor); }
std::string_view toString(RuleMode mode) { return nameIn(kModes, mode); }
std::string_view toString(FirewallMode mode) { return nameIn(kFirewallModes, mode); }
std::string_view toString(LogLevel level) { return nameIn(kLevels, level); }

}  // namespace sallyport::config
