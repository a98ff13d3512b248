// SPDX-License-Identifier: Apache-2.0
#pragma once
// The kernel's nftables through libnftables, in this process: no program is started and no file is read once it is
// open. The table that is made here has this as its owner and goes with it. One thread.

#include <memory>

#include "firewall/pinhole_table.h"

namespace sallyport::firewall {

class Nft final : public Kernel {
 public:
  // Error: "firewall.library" (unavailable).
  static Result<std::unique_ptr<Nft>> open();
  ~Nft() override;
  Nft(const Nft&) = delete;
  Nft& operator=(const Nft&) = delete;

  Result<std::string> run(const std::string& commands) override;

 private:
  struct Context;
  explicit Nft(std::unique_ptr<Context> context);
  std::unique_ptr<Context> context_;
};

}  // namespace sallyport::firewall
