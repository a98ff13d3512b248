// SPDX-License-Identifier: Apache-2.0
#include "firewall/nft.h"

#include <nftables/libnftables.h>

namespace sallyport::firewall {
namespace {

// The first line says what; those after it show where.
std::string firstLine(std::string text) {
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "no reason given" : text;
}

}  // namespace

struct Nft::Context {
  explicit Context(nft_ctx* made) : raw(made) {}
  ~Context() { nft_ctx_free(raw); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  nft_ctx* raw;
};

Nft::Nft(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Nft::~Nft() = default;

Result<std::unique_ptr<Nft>> Nft::open() {
  auto* raw = nft_ctx_new(NFT_CTX_DEFAULT);
  if (raw == nullptr) return Error{ErrorKind::unavailable, "firewall.library", "libnftables gives no context"};
  auto context = std::make_unique<Context>(raw);
  if (nft_ctx_buffer_error(raw) != 0 || nft_ctx_buffer_output(raw) != 0)
    return Error{ErrorKind::unavailable, "firewall.library", "libnftables gives no buffer"};
  return std::unique_ptr<Nft>{new Nft{std::move(context)}};
}

Result<std::string> Nft::run(const std::string& commands) {
  const int failed = nft_run_cmd_from_buffer(context_->raw, commands.c_str());
  std::string printed = nft_ctx_get_output_buffer(context_->raw);  // both are emptied by the next command only if read
  const std::string problem = nft_ctx_get_error_buffer(context_->raw);
  if (failed != 0) return Error{ErrorKind::unavailable, "firewall.kernel", firstLine(problem)};
  return printed;
}

}  // namespace sallyport::firewall
