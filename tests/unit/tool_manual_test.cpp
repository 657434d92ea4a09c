#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wmpush/completion.hpp"
#include "wmpush/manual_page.hpp"
#include "wmpush/roff.hpp"

namespace wmpush::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Roff, ShowsTextAsItStands) {
  EXPECT_EQ(roff_text("a\\b"), "a\\eb");
  EXPECT_EQ(roff_text(".TH is text\n'too"), "\\&.TH is text\n\\&\\(aqtoo");
  EXPECT_EQ(roff_text("key-frame --fast -v 1-2"), "key-frame \\-\\-fast \\-v 1\\-2");
}

TEST(Roff, FillsLinesAndNeverBeginsOneWithARequest) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += ".word ";
  const std::string filled = roff_filled(text);
  for (std::size_t at = 0; at < filled.size();) {
    const std::size_t end = filled.find('\n', at);
    EXPECT_LE(end - at, 79U);
    EXPECT_EQ(filled.substr(at, 3), "\\&.");
    at = end + 1;
  }
  EXPECT_EQ(roff_filled(" \n "), "");
}

TEST(Roff, TellsOptionsFromWhatStandsForAValue) {
  EXPECT_EQ(roff_usage("{FILE|-}... [--on_push HOST:PORT]"),
            "{\\fIFILE\\fR|\\-}... [\\fB\\-\\-on_push\\fR \\fIHOST:PORT\\fR]");
  EXPECT_EQ(roff_usage("0|1"), "0|1");
}

TEST(Roff, KeepsLinesThatAreIndented) {
  EXPECT_EQ(roff_paragraphs("One\nparagraph.\n\nA list:\n  first\n  second\n\nThe end.\n"),
            "One paragraph.\n.PP\nA list:\n.RS\n.nf\nfirst\nsecond\n.fi\n.RE\n.PP\nThe end.\n");
}

TEST(ManualPage, RefusesAPartThatThereIsNot) {
  std::string error;
  fill_page(".TH X\n.\\\" generated other\n", {"1.0", "2026-11-28"}, error);
  EXPECT_THAT(error, HasSubstr("no part 'other'"));
  EXPECT_EQ(fill_page(".TH X 1 @date@ @version@\n", {"1.0", "2026-11-28"}, error),
            ".TH X 1 2026-11-28 1.0\n");
  EXPECT_THAT(error, IsEmpty());
}

TEST(ManualPage, HasWhatWasWrittenByHandInFrontOfTheExitStatus) {
  const std::string page = command_page(token_command(), {"1.0", "2026-11-28"}, ".SH FILES\nkey\n");
  EXPECT_THAT(page, HasSubstr(".TH WMPUSH-TOKEN 1 2026-11-28 \"wmpush 1.0\""));
  EXPECT_LT(page.find(".SH FILES"), page.find(".SH EXIT STATUS"));
  EXPECT_THAT(page, Not(HasSubstr("options of a push")));
}

TEST(Completion, GoesByWhatAValueIsCalled) {
  EXPECT_THAT(completions_of({"a", "block|drop", ""}).words, ElementsAre("block", "drop"));
  EXPECT_THAT(completions_of({"a", "USER|GROUP", ""}).words, IsEmpty());
  EXPECT_TRUE(completions_of({"a", "FILE", ""}).files);
  EXPECT_TRUE(completions_of({"a", "DIR", ""}).folders);
  EXPECT_FALSE(completions_of({"a", "TEXT", ""}).files);
}

TEST(Completion, FindsTheOperandsInTheUsage) {
  Command command;
  command.usage = {"--key_file FILE [--url URL]", "[--config FILE] [--check]"};
  EXPECT_FALSE(operands_of(command).files);
  EXPECT_FALSE(operands_of(command).urls);
  command.usage = {"{FILE|-}... URL [--fast]"};
  EXPECT_TRUE(operands_of(command).files);
  EXPECT_TRUE(operands_of(command).urls);
}

}  // namespace
}  // namespace wmpush::tool
