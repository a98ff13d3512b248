// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which cryptographic library this process runs on.

#include <string>

namespace sallyport::crypto {

std::string libraryVersion();  // "OpenSSL 3.0.19 27 Jan 2026"

}  // namespace sallyport::crypto
