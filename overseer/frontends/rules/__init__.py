"""Plans without any model: plain English split into parts, each mapped to a tool by its words and shapes."""
