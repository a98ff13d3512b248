// SPDX-License-Identifier: Apache-2.0
#pragma once
// The privileged helper: a process of its own that is forked before the edge has threads and while it still has what it
// will give up. It alone can change the kernel's table, for the media range and addresses it was started with, and does
// so for whoever holds the other end of its socket: the edge. When that end closes, however the edge came to its end,
// the table goes and so does the helper.

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "core/fd.h"
#include "firewall/pinhole_table.h"

namespace sallyport::firewall {

// A running helper, or whatever answers on such a socket; the end of it is the end of this.
class [[nodiscard]] Helper {
 public:
  explicit Helper(Fd socket, pid_t process = 0) : socket_(std::move(socket)), process_(process) {}
  Helper(Helper&& other) noexcept : socket_(std::move(other.socket_)), process_(std::exchange(other.process_, 0)) {}
  Helper& operator=(Helper&&) = delete;
  ~Helper();

  int descriptor() const { return socket_.raw(); }
  // Sends and waits for the answer. Errors (unavailable): "firewall.helper.gone", "firewall.helper.silent".
  Result<Reply> ask(Request request);

 private:
  Fd socket_;
  pid_t process_;
  std::uint32_t sequence_ = 0;
};

struct HelperSettings {
  Scope scope;
  OnFull on_full = OnFull::pass;
  std::string user;  // as whom it runs once it has what it needs; empty: as before
};

// Forks the helper and has it make the table. Before any thread. Errors (unavailable): "firewall.capability",
// "firewall.helper.fork", "firewall.helper.gone", "firewall.refused" (the kernel's reason is in the detail).
Result<Helper> startHelper(const HelperSettings& settings);

// The helper's life: answers requests on `socket` until the other end closes; then the table goes.
void serve(const Fd& socket, PinholeTable& table);

}  // namespace sallyport::firewall
