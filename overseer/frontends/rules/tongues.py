"""Whether a request is in another language than English, the only one that rules know."""

from __future__ import annotations

from overseer.frontends.rules.tokens import tokens_of
from overseer.frontends.rules.words import text_words, wordset

# Little words and greetings of German, French, Spanish, Italian, Portuguese and Dutch that are none in English.
_ELSEWHERE = wordset(
    """ist und der das ein eine einen nicht wie viel wieviel wieviele bitte datei dateien zeige zeig lies mit dem den
    von ich du hallo danke tag guten auf aus wird heute sind mir mich kannst
    le les une des du est et pour quelle quel quels combien fichier fichiers bonjour salut merci dans avec sur lis
    il heure moi je tu vous nous les peux
    el los las una es y para que cual cuanto cuantos cuantas archivo archivos hola gracias por lee con hora dime
    gli di per quanto quanti quanta ciao grazie che sono ore leggi
    um uma os arquivo ola obrigado quantos quais voce
    het een hoeveel bestand bestanden dank je wat zijn laat zien"""
)
_SHARE = 3  # so many words in all, for one that tells


def is_foreign(text: str) -> bool:
    """Whether the words of a text, but for what it quotes, are of another language or another script."""
    words = [word for token in tokens_of(text) if token.kind == "word" for word in text_words(token.text)]
    told = sum(not word.isascii() or word in _ELSEWHERE for word in words)
    return bool(words) and told * _SHARE >= len(words)
