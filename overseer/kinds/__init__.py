"""The kinds of tools that are written as YAML: what each does when it is called.

A kind turns its section of a tool file into the function that the tool calls. It is told all that the
rest of the file says; it answers with a function or with everything that is wrong, by place.
"""

from overseer.kinds.declaration import CONTEXT, Declaration, KindError, SectionFault
from overseer.kinds.llm import llm_function
from overseer.kinds.template import Template, TemplateError

__all__ = ["CONTEXT", "Declaration", "KindError", "SectionFault", "Template", "TemplateError", "llm_function"]
