// SPDX-License-Identifier: Apache-2.0
#pragma once
// The shape of the file, section by section, and the rules between sections. Internal to config.

#include <set>

#include "config/config.h"
#include "config/document.h"

namespace sallyport::config {

// Gives every [[peer]] that names a preset the settings it does not say itself.
void applyPresets(Node& root, Problems& problems);

// Fills `config` with what could be read; the rest keeps its default and is reported.
void readSections(const Node& root, const Path& folder, Config& config, Problems& problems);

// The full name of every setting there is: "media.address", "peer.credentials.username".
std::set<std::string> everySetting();

// What holds between settings: names refer to something, nothing is said twice, nothing contradicts.
void checkConsistency(const Node& root, const Config& config, Problems& problems);

// Whether the certificates and lists that the file names are there. Their content is judged by whoever loads them.
void checkFiles(const Node& root, const Config& config, Problems& problems);

// Where `key` of the index-th [[section]] (or of [section]) stands; its table when absent.
Place placeIn(const Node& root, std::string_view section, std::size_t index, std::string_view key);

struct SuiteName {
  std::string_view name;
  bool aead;
};
inline constexpr std::array kSuites{SuiteName{"AEAD_AES_256_GCM", true}, SuiteName{"AEAD_AES_128_GCM", true},
                                    SuiteName{"AES_256_CM_HMAC_SHA1_80", false},
                                    SuiteName{"AES_CM_128_HMAC_SHA1_80", false}};

// What a guard may let pass at most.
inline constexpr std::array<std::string_view, 14> kMethods{"INVITE", "ACK",       "BYE",      "CANCEL",  "OPTIONS",
                                                           "UPDATE", "PRACK",     "REGISTER", "MESSAGE", "INFO",
                                                           "REFER",  "SUBSCRIBE", "NOTIFY",   "PUBLISH"};

}  // namespace sallyport::config
