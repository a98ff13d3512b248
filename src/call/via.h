// SPDX-License-Identifier: Apache-2.0
#pragma once
// The branch and the Via value of a request of ours. The branch begins with the worker's number, so that a
// response on another worker's connection finds its transaction.

#include <string>
#include <string_view>

namespace sallyport::call {

std::string newBranch(unsigned worker);
std::string viaValue(std::string_view sent_by, std::string_view branch);

}  // namespace sallyport::call
