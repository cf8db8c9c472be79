// EnumNames: what the values of an enum are called in logs, metrics, files and APIs. Each name
// stands once, beside its enum:
//
//   enum class Role : uint8_t { kPublisher, kViewer };
//   constexpr auto NamesOf(Role) {
//     return EnumNames<Role>({{Role::kPublisher, "publisher"}, {Role::kViewer, "viewer"}});
//   }
//
//   ToName(Role::kViewer)      "viewer"
//   FromName<Role>("viewer")   Role::kViewer
//   kEnumSize<Role>            2
//   kEnumTable<Role>           its rows, to go through
//
// The values count from 0: a table that lacks one, or has it in another place, does not compile.
// Those of a wire format that have gaps are a SparseEnumNames.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace srsproxy {

template <typename Enum>
struct EnumName {
  Enum value;
  std::string_view name;  // A literal.
};

namespace enum_names {

// Compilers write a value that is no enumerator as a cast: "(Role)2".
template <auto kValue>
consteval bool IsEnumerator() {
  return std::string_view(__PRETTY_FUNCTION__).find("= (") == std::string_view::npos;
}

// Declared only: no constant expression calls it.
void RowInTheWrongPlace();

}  // namespace enum_names

template <typename Enum, size_t kSize>
consteval std::array<EnumName<Enum>, kSize> EnumNames(const EnumName<Enum> (&rows)[kSize]) {
  static_assert(!enum_names::IsEnumerator<static_cast<Enum>(kSize)>(), "a value has no name");
  std::array<EnumName<Enum>, kSize> table{};
  for (size_t i = 0; i < kSize; ++i) {
    if (rows[i].value != static_cast<Enum>(i)) enum_names::RowInTheWrongPlace();
    table[i] = rows[i];
  }
  return table;
}

// In ascending order. That none is missing is for a test, by HasEveryName.
template <typename Enum, size_t kSize>
consteval std::array<EnumName<Enum>, kSize> SparseEnumNames(const EnumName<Enum> (&rows)[kSize]) {
  std::array<EnumName<Enum>, kSize> table{};
  for (size_t i = 0; i < kSize; ++i) {
    if (i > 0 && rows[i].value <= rows[i - 1].value) enum_names::RowInTheWrongPlace();
    table[i] = rows[i];
  }
  return table;
}

// An enum beside which NamesOf stands.
template <typename Enum>
concept NamedEnum = requires(Enum value) {
  NamesOf(value);
};

template <NamedEnum Enum>
inline constexpr auto kEnumTable = NamesOf(Enum{});

template <NamedEnum Enum>
inline constexpr size_t kEnumSize = kEnumTable<Enum>.size();

template <NamedEnum Enum>
constexpr size_t ToIndex(Enum value) {
  return static_cast<size_t>(value);
}

// A literal; "unknown" of what is none of the values.
template <NamedEnum Enum>
constexpr std::string_view ToName(Enum value) {
  const size_t index = ToIndex(value);
  if (index < kEnumSize<Enum> && kEnumTable<Enum>[index].value == value) {
    return kEnumTable<Enum>[index].name;
  }
  for (const auto& row : kEnumTable<Enum>) {
    if (row.value == value) return row.name;
  }
  return "unknown";
}

template <NamedEnum Enum>
constexpr std::optional<Enum> FromName(std::string_view name) {
  for (const auto& row : kEnumTable<Enum>) {
    if (row.name == name) return row.value;
  }
  return std::nullopt;
}

// Whether each value up to 255 that is an enumerator has a name. Slow to compile.
template <NamedEnum Enum>
consteval bool HasEveryName() {
  return []<size_t... kValues>(std::index_sequence<kValues...>) {
    return (... && (!enum_names::IsEnumerator<static_cast<Enum>(kValues)>() ||
                    ToName(static_cast<Enum>(kValues)) != "unknown"));
  }
  (std::make_index_sequence<256>());
}

}  // namespace srsproxy
