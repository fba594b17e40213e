// What scanning decided, applied to one batch: rows that go, texts that change.
// All else of the batch is shared with what was read, not copied.

#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/data.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string_view>

#include "corpus/arrow/plugin_internal.h"

namespace cofferdam::corpus::arrow_abi {
namespace {

using Data = std::shared_ptr<arrow::ArrayData>;

// One edit on its way down the types of a column.
struct Step {
  int64_t index;  // within the array that it has come to
  std::span<const uint32_t> rest;
  std::string_view text;
};
using Steps = std::vector<Step>;

arrow::Result<Data> Edit(const Data& data, Steps steps);

arrow::Status NoSuchPlace() {
  return arrow::Status::UnknownError("an edit names no text");
}

// The array of variable-length texts with some of them replaced.
template <typename ArrayType, typename Builder>
arrow::Result<Data> EditTexts(const Data& data, const Steps& steps) {
  const ArrayType array(data);
  Builder builder(data->type, arrow::system_memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  size_t next = 0;
  for (int64_t i = 0; i < array.length(); ++i) {
    if (next < steps.size() && steps[next].index == i) {
      ARROW_RETURN_NOT_OK(builder.Append(steps[next++].text));
    } else if (array.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
    } else {
      ARROW_RETURN_NOT_OK(builder.Append(array.GetView(i)));
    }
  }
  if (next != steps.size()) return NoSuchPlace();
  std::shared_ptr<arrow::Array> edited;
  ARROW_RETURN_NOT_OK(builder.Finish(&edited));
  return edited->data();
}

// Texts of a dictionary keep their numbers; new ones are added behind.
template <typename Index>
arrow::Result<Data> Renumber(const Data& data, const Steps& steps,
                             int64_t first_new) {
  if (first_new + static_cast<int64_t>(steps.size()) - 1 >
      static_cast<int64_t>(std::numeric_limits<Index>::max()))
    return arrow::Status::NotImplemented(
        "a dictionary whose index type has no room for changed texts");
  Data edited = data->Copy();
  ARROW_ASSIGN_OR_RAISE(edited->buffers[1], data->buffers[1]->CopySlice(
                                                0, data->buffers[1]->size(),
                                                arrow::system_memory_pool()));
  auto* indices = reinterpret_cast<Index*>(
      const_cast<uint8_t*>(edited->buffers[1]->data()));
  for (size_t i = 0; i < steps.size(); ++i)
    indices[data->offset + steps[i].index] =
        static_cast<Index>(first_new + static_cast<int64_t>(i));
  return edited;
}

arrow::Result<Data> EditDictionary(const Data& data, const Steps& steps) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*data->type);
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::system_memory_pool(),
                                         type.value_type(), &builder));
  for (const Step& step : steps) {
    if (step.index < 0 || step.index >= data->length) return NoSuchPlace();
    const arrow::Status appended =
        type.value_type()->id() == arrow::Type::STRING
            ? static_cast<arrow::StringBuilder&>(*builder).Append(step.text)
        : type.value_type()->id() == arrow::Type::LARGE_STRING
            ? static_cast<arrow::LargeStringBuilder&>(*builder).Append(
                  step.text)
            : arrow::Status::NotImplemented("a dictionary of other texts");
    ARROW_RETURN_NOT_OK(appended);
  }
  ARROW_ASSIGN_OR_RAISE(auto added, builder->Finish());
  ARROW_ASSIGN_OR_RAISE(
      auto dictionary,
      arrow::Concatenate({arrow::MakeArray(data->dictionary), added},
                         arrow::system_memory_pool()));
  const int64_t first = data->dictionary->length;
  arrow::Result<Data> edited = NoSuchPlace();
  switch (type.index_type()->id()) {
    case arrow::Type::INT8:
      edited = Renumber<int8_t>(data, steps, first);
      break;
    case arrow::Type::UINT8:
      edited = Renumber<uint8_t>(data, steps, first);
      break;
    case arrow::Type::INT16:
      edited = Renumber<int16_t>(data, steps, first);
      break;
    case arrow::Type::UINT16:
      edited = Renumber<uint16_t>(data, steps, first);
      break;
    case arrow::Type::INT32:
      edited = Renumber<int32_t>(data, steps, first);
      break;
    case arrow::Type::UINT32:
      edited = Renumber<uint32_t>(data, steps, first);
      break;
    default:
      edited = Renumber<int64_t>(data, steps, first);
  }
  ARROW_RETURN_NOT_OK(edited);
  (*edited)->dictionary = dictionary->data();
  return edited;
}

arrow::Result<Data> EditStruct(const Data& data, const Steps& steps) {
  std::map<uint32_t, Steps> below;
  for (const Step& step : steps) {
    if (step.rest.empty() || step.rest[0] >= data->child_data.size())
      return NoSuchPlace();
    below[step.rest[0]].push_back(
        {data->offset + step.index, step.rest.subspan(1), step.text});
  }
  Data edited = data->Copy();
  for (auto& [child, child_steps] : below) {
    ARROW_ASSIGN_OR_RAISE(
        edited->child_data[child],
        Edit(data->child_data[child], std::move(child_steps)));
  }
  return edited;
}

// Of lists with offsets; maps are lists of pairs.
template <typename Offset>
arrow::Result<Data> EditList(const Data& data, const Steps& steps) {
  const Offset* offsets = data->GetValues<Offset>(1);
  Steps below;
  for (const Step& step : steps) {
    if (step.rest.empty() || step.index >= data->length) return NoSuchPlace();
    const auto element = static_cast<int64_t>(step.rest[0]);
    const int64_t place = offsets[step.index] + element;
    if (place >= offsets[step.index + 1]) return NoSuchPlace();
    below.push_back({place, step.rest.subspan(1), step.text});
  }
  Data edited = data->Copy();
  ARROW_ASSIGN_OR_RAISE(edited->child_data[0],
                        Edit(data->child_data[0], std::move(below)));
  return edited;
}

arrow::Result<Data> EditFixedList(const Data& data, const Steps& steps) {
  const int64_t size =
      static_cast<const arrow::FixedSizeListType&>(*data->type).list_size();
  Steps below;
  for (const Step& step : steps) {
    if (step.rest.empty() || step.rest[0] >= size) return NoSuchPlace();
    below.push_back({(data->offset + step.index) * size + step.rest[0],
                     step.rest.subspan(1), step.text});
  }
  Data edited = data->Copy();
  ARROW_ASSIGN_OR_RAISE(edited->child_data[0],
                        Edit(data->child_data[0], std::move(below)));
  return edited;
}

arrow::Result<Data> EditExtension(const Data& data, Steps steps) {
  Data storage = data->Copy();
  storage->type =
      static_cast<const arrow::ExtensionType&>(*data->type).storage_type();
  ARROW_ASSIGN_OR_RAISE(Data edited, Edit(storage, std::move(steps)));
  edited = edited->Copy();
  edited->type = data->type;
  return edited;
}

arrow::Result<Data> Edit(const Data& data, Steps steps) {
  std::stable_sort(
      steps.begin(), steps.end(),
      [](const Step& a, const Step& b) { return a.index < b.index; });
  using arrow::Type;
  switch (data->type->id()) {
    case Type::STRING:
      return EditTexts<arrow::StringArray, arrow::StringBuilder>(data, steps);
    case Type::LARGE_STRING:
      return EditTexts<arrow::LargeStringArray, arrow::LargeStringBuilder>(
          data, steps);
    case Type::BINARY:
      return EditTexts<arrow::BinaryArray, arrow::BinaryBuilder>(data, steps);
    case Type::LARGE_BINARY:
      return EditTexts<arrow::LargeBinaryArray, arrow::LargeBinaryBuilder>(
          data, steps);
    case Type::STRING_VIEW:
      return EditTexts<arrow::StringViewArray, arrow::StringViewBuilder>(data,
                                                                         steps);
    case Type::BINARY_VIEW:
      return EditTexts<arrow::BinaryViewArray, arrow::BinaryViewBuilder>(data,
                                                                         steps);
    case Type::DICTIONARY:
      return EditDictionary(data, steps);
    case Type::STRUCT:
      return EditStruct(data, steps);
    case Type::LIST:
    case Type::MAP:
      return EditList<int32_t>(data, steps);
    case Type::LARGE_LIST:
      return EditList<int64_t>(data, steps);
    case Type::FIXED_SIZE_LIST:
      return EditFixedList(data, steps);
    case Type::EXTENSION:
      return EditExtension(data, std::move(steps));
    default:
      return arrow::Status::NotImplemented("texts of type ",
                                           data->type->ToString());
  }
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> EditColumns(
    std::span<const CellEdit> edits, uint64_t first_row,
    std::shared_ptr<arrow::RecordBatch> batch) {
  std::map<uint32_t, Steps> by_column;
  for (const CellEdit& edit : edits) {
    if (edit.column >= static_cast<uint32_t>(batch->num_columns()))
      return NoSuchPlace();
    by_column[edit.column].push_back(
        {static_cast<int64_t>(edit.row - first_row),
         {edit.steps, edit.step_count},
         View(edit.text)});
  }
  for (auto& [column, steps] : by_column) {
    const int i = static_cast<int>(column);
    ARROW_ASSIGN_OR_RAISE(Data edited,
                          Edit(batch->column_data(i), std::move(steps)));
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, batch->schema()->field(i),
                                                  arrow::MakeArray(edited)));
  }
  return batch;
}

// The rows of `batch` but for those whose numbers are in `dropped`.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> DropRows(
    std::span<const uint64_t> dropped, uint64_t first_row,
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> kept;
  int64_t begin = 0;
  auto keep_until = [&](int64_t end) {
    if (end > begin) kept.push_back(batch->Slice(begin, end - begin));
    begin = end + 1;
  };
  for (uint64_t row : dropped)
    keep_until(static_cast<int64_t>(row - first_row));
  keep_until(batch->num_rows());
  if (kept.empty()) return batch->Slice(0, 0);
  if (kept.size() == 1) return kept[0];
  return arrow::ConcatenateRecordBatches(kept, arrow::system_memory_pool());
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(
    const BatchEdits& edits, const std::shared_ptr<arrow::RecordBatch>& batch) {
  const uint64_t first = edits.first_row;
  const uint64_t end = first + static_cast<uint64_t>(batch->num_rows());
  const std::span<const CellEdit> cells(edits.edits->edits,
                                        edits.edits->edit_count);
  const auto by_row = [](const CellEdit& edit, uint64_t row) {
    return edit.row < row;
  };
  const auto cells_begin =
      std::lower_bound(cells.begin(), cells.end(), first, by_row);
  const auto cells_end =
      std::lower_bound(cells_begin, cells.end(), end, by_row);
  ARROW_ASSIGN_OR_RAISE(auto edited,
                        EditColumns({cells_begin, cells_end}, first, batch));
  const std::span<const uint64_t> dropped(edits.edits->dropped,
                                          edits.edits->dropped_count);
  const auto dropped_begin =
      std::lower_bound(dropped.begin(), dropped.end(), first);
  const auto dropped_end = std::lower_bound(dropped_begin, dropped.end(), end);
  if (dropped_begin == dropped_end) return edited;
  return DropRows({dropped_begin, dropped_end}, first, edited);
}

}  // namespace cofferdam::corpus::arrow_abi
