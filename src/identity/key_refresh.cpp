// SPDX-License-Identifier: Apache-2.0
#include "identity/key_refresh.h"

namespace sallyport::identity {

bool KeyRefresh::begin(TimePoint now) {
  if (under_way_) return false;
  const auto missed = keys_->missed();
  const bool may_be_newer = missed != missed_ && begun_ && now >= *begun_ + times_.after_miss;
  if (begun_ && now < next_ && !may_be_newer) return false;
  under_way_ = true;
  begun_ = now;
  missed_ = missed;
  return true;
}

Result<KeyRefresh::News> KeyRefresh::end(const Result<std::string>& fetched, WallTime wall, TimePoint now) {
  under_way_ = false;
  auto keys = fetched ? parseJwks(*fetched) : Result<JwksPtr>{fetched.error()};
  next_ = now + (keys ? times_.interval : times_.after_failure);
  if (!keys) {
    failure_ = keys.error();
    return *failure_;
  }
  failure_.reset();
  fetched_ = wall;
  if (text_ == *fetched) return News::none;
  text_ = *fetched;
  keys_->replace(*std::move(keys));
  return News::keys;
}

}  // namespace sallyport::identity
