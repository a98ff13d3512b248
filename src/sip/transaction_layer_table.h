// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where transactions live: bounded, found by id, by key hash and by flow, each in constant time, with
// addresses that stay valid while the record lives. Ids carry a generation, so that a stale one finds
// nothing. Records are reused, and with them the room of their keys.
//
// Private to TransactionLayer.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "core/check.h"
#include "sip/transaction_layer.h"

namespace sallyport::sip {

// The part of a record the table keeps.
template <typename Record>
struct TableEntry {
  std::string key;
  std::uint64_t hash = 0;
  FlowId flow{};
  std::uint32_t index = 0;
  std::uint32_t generation = 1;
  bool live = false;
  Record* next_in_bucket = nullptr;  // of live records; of free ones, the next free
  Record* next_on_flow = nullptr;
  Record* previous_on_flow = nullptr;

  std::uint64_t id() const { return (std::uint64_t{generation} << 32) | index; }
};

template <typename Record>
class TransactionTable {
 public:
  explicit TransactionTable(std::size_t limit) : limit_(limit), by_key_(kSmallest), by_flow_(kSmallest) {
    SP_CHECK(limit <= (std::size_t{1} << 31));
  }

  std::size_t size() const { return size_; }
  bool full() const { return size_ >= limit_; }

  // A live record under `key`. Not when full.
  Record& create(std::string_view key, std::uint64_t hash, FlowId flow) {
    SP_CHECK(!full());
    if (size_ >= by_key_.size()) grow();
    Record& record = takeFree();
    record.key.assign(key);
    record.hash = hash;
    record.live = true;
    pushBucket(record);
    linkFlow(record, flow);
    ++size_;
    return record;
  }

  // The record's own content is its owner's to clear.
  void destroy(Record& record) {
    SP_CHECK(record.live);
    Record** link = &bucket(record.hash);
    while (*link != &record) link = &(*link)->next_in_bucket;
    *link = record.next_in_bucket;
    unlinkFlow(record);

    record.live = false;
    if (++record.generation == 0) record.generation = 1;
    if (record.key.capacity() > kKeptKeyCapacity) std::string{}.swap(record.key);
    record.next_in_bucket = free_;
    free_ = &record;
    --size_;
  }

  Record* byId(std::uint64_t id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= records_.size()) return nullptr;
    Record& record = records_[index];
    return record.live && record.id() == id ? &record : nullptr;
  }
  Record& byIndex(std::uint32_t index) { return records_[index]; }

  // The first record with that key which `suits`.
  template <typename Predicate>
  Record* find(std::string_view key, std::uint64_t hash, Predicate&& suits) {
    for (Record* record = bucket(hash); record != nullptr; record = record->next_in_bucket) {
      if (record->hash == hash && record->key == key && suits(*record)) return record;
    }
    return nullptr;
  }

  void moveToFlow(Record& record, FlowId flow) {
    if (record.flow == flow) return;
    unlinkFlow(record);
    linkFlow(record, flow);
  }

  std::vector<std::uint64_t> idsOnFlow(FlowId flow) {
    std::vector<std::uint64_t> ids;
    for (Record* record = flowBucket(flow); record != nullptr; record = record->next_on_flow) {
      if (record->flow == flow) ids.push_back(record->id());
    }
    return ids;
  }

 private:
  static constexpr std::size_t kSmallest = 256;  // buckets; a power of two
  static constexpr std::size_t kKeptKeyCapacity = 256;

  Record*& bucket(std::uint64_t hash) { return by_key_[hash & (by_key_.size() - 1)]; }
  Record*& flowBucket(FlowId flow) {
    // Fibonacci hashing: flow ids are ours, mostly consecutive or pointers.
    const std::uint64_t mixed = static_cast<std::uint64_t>(flow) * 0x9e3779b97f4a7c15;
    return by_flow_[(mixed >> 32) & (by_flow_.size() - 1)];
  }

  Record& takeFree() {
    if (free_ != nullptr) return *std::exchange(free_, free_->next_in_bucket);
    Record& record = records_.emplace_back();
    record.index = static_cast<std::uint32_t>(records_.size() - 1);
    return record;
  }

  void pushBucket(Record& record) {
    Record*& head = bucket(record.hash);
    record.next_in_bucket = head;
    head = &record;
  }
  void linkFlow(Record& record, FlowId flow) {
    record.flow = flow;
    Record*& head = flowBucket(flow);
    record.previous_on_flow = nullptr;
    record.next_on_flow = head;
    if (head != nullptr) head->previous_on_flow = &record;
    head = &record;
  }
  void unlinkFlow(Record& record) {
    (record.previous_on_flow != nullptr ? record.previous_on_flow->next_on_flow : flowBucket(record.flow)) =
        record.next_on_flow;
    if (record.next_on_flow != nullptr) record.next_on_flow->previous_on_flow = record.previous_on_flow;
  }

  void grow() {
    by_key_.assign(by_key_.size() * 2, nullptr);
    by_flow_.assign(by_flow_.size() * 2, nullptr);
    for (Record& record : records_) {
      if (!record.live) continue;
      pushBucket(record);
      linkFlow(record, record.flow);
    }
  }

  const std::size_t limit_;
  std::size_t size_ = 0;
  std::deque<Record> records_;
  std::vector<Record*> by_key_, by_flow_;
  Record* free_ = nullptr;
};

}  // namespace sallyport::sip
