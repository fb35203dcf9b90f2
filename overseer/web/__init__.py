"""The web as tools may use it: public addresses, and what the user allows besides.

What a tool asks for is chosen by a model that reads what strangers write, so no request may reach
what only this machine or its network can: each address is checked before it is connected to.
"""

from overseer.web.client import MOST_REDIRECTS, WebClient
from overseer.web.destination import read_exception
from overseer.web.request import header_problem
from overseer.web.url import BadUrl, Url

__all__ = ["MOST_REDIRECTS", "BadUrl", "Url", "WebClient", "header_problem", "read_exception"]
