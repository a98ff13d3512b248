// SPDX-License-Identifier: Apache-2.0
#include "config/presets.h"

#include <algorithm>

#include "config/sections.h"
#include "config/text_values.h"

namespace sallyport::config {
namespace {

// Who says the first itself does not take the second from a preset: it would contradict it.
constexpr std::pair<std::string_view, std::string_view> kInstead[] = {
    {"address", "host"},    {"address", "targets"}, {"host", "address"}, {"host", "targets"},
    {"targets", "address"}, {"targets", "host"},    {"tier", "suites"},  {"tls", "tls12_only"}};

bool saidOtherwise(const Node& peer, std::string_view key) {
  return std::any_of(std::begin(kInstead), std::end(kInstead),
                     [&](const auto& pair) { return pair.second == key && peer.find(pair.first) != nullptr; });
}

Node readPreset(const Preset& preset) {
  Node root;
  Problems problems{std::string{preset.name}};
  readDocument(preset.text, root, problems);
  return root;
}

void inherit(Node& node, const Place& place) {
  node.inherited = true;
  node.place = node.key_place = place;
  for (auto& child : node.children) inherit(child, place);
}

// What `from` has and `to` has not; a table within is filled up likewise.
void fillUp(Node& to, Node from, const Place& place) {
  for (auto& child : from.children) {
    auto* own = to.find(child.key);
    if (own != nullptr && own->kind == Node::Kind::table && child.kind == Node::Kind::table) {
      fillUp(*own, std::move(child), place);
    } else if (own == nullptr) {
      inherit(child, place);
      to.children.push_back(std::move(child));
    }
  }
}

void applyTo(Node& peer, Problems& problems) {
  const auto* named = peer.find("preset");
  if (named == nullptr || named->kind != Node::Kind::text) return;
  const auto* preset = findPreset(named->text);
  if (preset == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& each : presets()) names.push_back(each.name);
    const auto near = nearest(named->text, names);
    problems.error(named->place, "config.reference", "there is no preset '" + named->text + "'",
                   near.empty() ? "`sallyport presets` lists them" : "did you mean \"" + near + "\"?");
    return;
  }
  const auto place = named->place;
  auto settings = readPreset(*preset);
  std::erase_if(settings.children, [&](const Node& child) {
    return child.key == "version" || child.key == "title" || saidOtherwise(peer, child.key);
  });
  fillUp(peer, std::move(settings), place);
}

}  // namespace

const Preset* findPreset(std::string_view name) {
  const auto all = presets();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Preset& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

PresetTitle titleOf(const Preset& preset) {
  const auto root = readPreset(preset);
  const auto text = [&](std::string_view key) { return root.find(key) == nullptr ? "" : root.find(key)->text; };
  return {text("version"), text("title")};
}

void applyPresets(Node& root, Problems& problems) {
  auto* peers = root.find("peer");
  if (peers == nullptr || peers->kind != Node::Kind::array) return;
  for (auto& peer : peers->children) applyTo(peer, problems);
}

}  // namespace sallyport::config
