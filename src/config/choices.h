// SPDX-License-Identifier: Apache-2.0
#pragma once
// The words of the file that stand for one of several values. Internal to config.

#include <array>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace sallyport::config {

template <typename E>
using Choice = std::pair<std::string_view, E>;

inline constexpr std::array kProofs{Choice<Proof>{"certificate", Proof::certificate},
                                    Choice<Proof>{"digest", Proof::digest}, Choice<Proof>{"scram", Proof::scram},
                                    Choice<Proof>{"token", Proof::token}, Choice<Proof>{"network", Proof::network}};
inline constexpr std::array kDigests{Choice<DigestAlgorithm>{"SHA-256", DigestAlgorithm::sha256},
                                     Choice<DigestAlgorithm>{"SHA-512-256", DigestAlgorithm::sha512_256},
                                     Choice<DigestAlgorithm>{"MD5", DigestAlgorithm::md5}};
inline constexpr std::array kSafeDigests{kDigests[0], kDigests[1]};
inline constexpr std::array kClientCertificates{Choice<ClientCertificate>{"required", ClientCertificate::required},
                                                Choice<ClientCertificate>{"optional", ClientCertificate::optional}};
inline constexpr std::array kWithoutOrigin{Choice<WithoutOrigin>{"refuse", WithoutOrigin::refuse},
                                           Choice<WithoutOrigin>{"admit", WithoutOrigin::admit}};
inline constexpr std::array kTlsFloors{Choice<TlsFloor>{"1.2", TlsFloor::tls12},
                                       Choice<TlsFloor>{"1.3", TlsFloor::tls13}};
inline constexpr std::array kTiers{Choice<Tier>{"strict", Tier::strict}, Choice<Tier>{"compatible", Tier::compatible}};
inline constexpr std::array kCodecs{Choice<Codec>{"opus", Codec::opus}, Choice<Codec>{"PCMU", Codec::pcmu},
                                    Choice<Codec>{"PCMA", Codec::pcma}};
inline constexpr std::array kUsages{Choice<KeyUsage>{"any", KeyUsage::any},
                                    Choice<KeyUsage>{"client", KeyUsage::client},
                                    Choice<KeyUsage>{"server", KeyUsage::server}};
inline constexpr std::array kDisclosures{Choice<Disclosure>{"respect-privacy", Disclosure::respectPrivacy},
                                         Choice<Disclosure>{"always", Disclosure::always},
                                         Choice<Disclosure>{"never", Disclosure::never}};
inline constexpr std::array kDtmfModes{Choice<DtmfMode>{"rfc4733", DtmfMode::rfc4733},
                                       Choice<DtmfMode>{"info", DtmfMode::info}};
inline constexpr std::array kKeyings{Choice<Keying>{"sdes", Keying::sdes}, Choice<Keying>{"dtls", Keying::dtls},
                                     Choice<Keying>{"zrtp", Keying::zrtp},
                                     Choice<Keying>{"srtp+zrtp", Keying::srtpAndZrtp}};
inline constexpr std::array kIceUses{Choice<IceUse>{"never", IceUse::never}, Choice<IceUse>{"accept", IceUse::accept},
                                     Choice<IceUse>{"require", IceUse::require}};
inline constexpr std::array kTranscodes{Choice<Transcode>{"allow", Transcode::allow},
                                        Choice<Transcode>{"refuse", Transcode::refuse}};
inline constexpr std::array kSipsModes{Choice<SipsMode>{"allow", SipsMode::allow},
                                       Choice<SipsMode>{"require", SipsMode::require},
                                       Choice<SipsMode>{"never", SipsMode::never}};
inline constexpr std::array kNumberForms{Choice<NumberForm>{"as-is", NumberForm::asIs},
                                         Choice<NumberForm>{"e164", NumberForm::e164},
                                         Choice<NumberForm>{"national", NumberForm::national}};
inline constexpr std::array kReactions{Choice<OnForeignIdentity>{"drop", OnForeignIdentity::drop},
                                       Choice<OnForeignIdentity>{"refuse", OnForeignIdentity::refuse}};
inline constexpr std::array kCertificateKinds{Choice<CertificateKind>{"any", CertificateKind::any},
                                              Choice<CertificateKind>{"ecdsa", CertificateKind::ecdsa},
                                              Choice<CertificateKind>{"rsa", CertificateKind::rsa}};
inline constexpr std::array kModes{Choice<RuleMode>{"off", RuleMode::off}, Choice<RuleMode>{"shadow", RuleMode::shadow},
                                   Choice<RuleMode>{"enforce", RuleMode::enforce}};
inline constexpr std::array kFirewallModes{Choice<FirewallMode>{"auto", FirewallMode::automatic},
                                           Choice<FirewallMode>{"required", FirewallMode::required},
                                           Choice<FirewallMode>{"off", FirewallMode::off}};
inline constexpr std::array kLevels{
    Choice<LogLevel>{"debug", LogLevel::debug}, Choice<LogLevel>{"info", LogLevel::info},
    Choice<LogLevel>{"notice", LogLevel::notice}, Choice<LogLevel>{"warning", LogLevel::warning},
    Choice<LogLevel>{"error", LogLevel::error}};

}  // namespace sallyport::config
