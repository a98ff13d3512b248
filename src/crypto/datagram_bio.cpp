// SPDX-License-Identifier: Apache-2.0
#include "crypto/datagram_bio.h"

#include <algorithm>

namespace sallyport::crypto {
namespace {

DatagramPort& portOf(BIO* bio) { return *static_cast<DatagramPort*>(BIO_get_data(bio)); }

int writeDatagram(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  BIO_clear_retry_flags(bio);
  portOf(bio).outgoing.emplace_back(data, data + size);
  *written = size;
  return 1;
}

// What does not fit is lost, as with a socket.
int readDatagram(BIO* bio, char* out, std::size_t size, std::size_t* read) {
  BIO_clear_retry_flags(bio);
  auto& incoming = portOf(bio).incoming;
  if (incoming.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *read = std::min(size, incoming.size());
  std::copy_n(incoming.begin(), *read, out);
  incoming = {};
  return 1;
}

// Nothing is buffered here, and the size of datagrams is told to the SSL object.
long control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT ? 1 : 0;
}

BIO_METHOD* makeMethod() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write_ex(method, writeDatagram);
  BIO_meth_set_read_ex(method, readDatagram);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

BioPtr makeDatagramBio(DatagramPort& port) {
  static BIO_METHOD* const method = makeMethod();
  BioPtr bio{method != nullptr ? BIO_new(method) : nullptr};
  if (bio) {
    BIO_set_data(bio.get(), &port);
    BIO_set_init(bio.get(), 1);
  }
  return bio;
}

}  // namespace sallyport::crypto
