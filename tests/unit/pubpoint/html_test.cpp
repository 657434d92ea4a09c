#include "pubpoint/web/html.hpp"

#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

TEST(Html, WhatComesFromOthersIsText) {
  EXPECT_EQ(html_escaped("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
  EXPECT_EQ(html_escaped("\" onmouseover='x'"), "&quot; onmouseover=&#39;x&#39;");
  EXPECT_EQ(html_escaped("a&b&amp;c"), "a&amp;b&amp;amp;c");
  EXPECT_EQ(html_escaped("/ラジオ 100%"), "/ラジオ 100%");
  EXPECT_EQ(html_escaped(""), "");
}

TEST(Html, WhatIsNotTextIsReplaced) {
  EXPECT_EQ(html_escaped("a\xFF\xC3"
                         "b"),
            "a\uFFFD\uFFFDb");
  EXPECT_EQ(html_escaped(std::string_view("a\0b\x1B[31m", 8)), "a\uFFFDb\uFFFD[31m");
  // An override would show the rest backwards, and a link as another one.
  EXPECT_EQ(html_escaped("/live\u202Egro.live"), "/live\uFFFDgro.live");
}

TEST(Html, AttributesAndElementsEscapeTheirValues) {
  Html html;
  html.markup("<a").attribute("href", "/a\"b").markup(">").element("b", "<i>").markup("</a>");
  EXPECT_EQ(html.str(), "<a href=\"/a&quot;b\"><b>&lt;i&gt;</b></a>");
}

}  // namespace
}  // namespace wmpush::pubpoint
