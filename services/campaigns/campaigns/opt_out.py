"""Whether a person's own words ask not to be written to again, which has to be heeded at once.

Known phrases, not likeness: a contact is suppressed upon it. What speaks of something else (a song on a list,
a call, this week) is none, nor what tells how to unsubscribe. Whoever meets a phrase that is missed, or
wrongly taken for one, adds it here and to the tests.
"""

import re

_OURS = "name|address|addresses|details|data|contact|station|label|blog|magazine|show|paper|team|inbox"
_ME = rf"(?:me|us|(?:my|our|this) (?:e-?mail )?(?:{_OURS}))"
_LETTERS = "(?:e-?mails?|mails?|messages|mailings?|newsletters?|pitches|promos?|press releases|spam)"
_MAIL = (
    f"(?:{_LETTERS}|music|songs|tracks|singles|stuff|submissions|marketing|correspondence|communications?)"
)
_LIST = (
    r"(?:(?!guest|door|waiting|short|track|set|play|cc\b)\w{1,12}[ -]){0,3}(?:(?:mailing[ -]?|press )?lists?|"
    r"database|contacts|records|system|mail-?outs?|mailings?|e-?mails)\b(?! of\b)"
)
_WRITE = r"(?:e-?mail|mail|write(?: to)?|contact|message|pitch|spam|bother)"
_WRITING = r"(?:e-?mailing|mailing|writing(?: to)?|contacting|messaging|pitching|spamming|bothering)"
_AGAIN = r"(?:again|any ?more|any longer|in (?:the )?future|from now)\b"
_END = rf"(?= ?(?:$|[,;:()\u2013-]|(?:and|please|pls|thanks?|at all|as|since|because|before$)\b|{_AGAIN}))"
_DO = r"(?:^|[,:)\u2013-] ?|\b(?:please|pls|kindly|and|so|just|but|then) )"
_NOT = rf"{_DO}(?:do not|don't|dont|never)"
_NEVER = "(?<!n't )(?<!not )(?<!never )"
_MAY = "(?<!don't )(?<!do not )"
_STOP = rf"{_NEVER}\b(?:stop|cease|quit|refrain from)"
_ANY = r"(?:(?:any|more|further|your|these|this|such|of) ){0,3}"
_MUCH = rf"(?=any|more|further|your|these|such){_ANY}"
_UNWANTED = r"\b(?:i|we) (?:do not|don't|no longer) (?:want|wish|care) to"
_UNASKED = (
    rf"(?:{_UNWANTED}|\bi never asked to|\b(?:i'd|we'd|i would|we would) (?:rather|prefer) not(?: to)?)"
)
_OFF = rf"(?:removed|taken off|unsubscribed)(?: (?:from|of))?(?: {_LIST}|{_END})"

_ENGLISH = rf"""
{_MAY}\b(?:take|remove|delete|drop|strike|unsubscribe|erase) {_ME},? (?:off|from)(?: of)? {_LIST}
{_DO}(?:take (?:me|us) off(?: this)?{_END}|remove from (?:your |the |this )?(?:mailing )?list\b)
{_MAY}\b(?:remove|delete|erase) (?:my|our|this) (?:personal |e-?mail )?(?:details|data|address){_END}
{_DO}(?:remove|delete|erase) (?:my|our) e-?mail{_END}
\b(?:remove|delete|erase) (?:all|any) (?:my |the )?(?:personal )?data you (?:hold|have|keep)\b
\bunsubscribe (?:{_ME}|this e-?mail){_END}
\b(?:please|pls|kindly|just) (?:unsubscribe|remove (?:me|us)){_END}
\bopt {_ME} out\b
\bi(?:'m| am) (?:unsubscribing|opting out){_END}
\bi(?: hereby)? opt out\b
\bi(?:'d like| would like| want| wish) to (?:unsubscribe|opt out)\b
{_NEVER}\b(?:like|want|wish|asked) to be {_OFF}
\bconsider this (?:an? |my )?(?:opt[ -]?out|objection|unsubscribe)
\bi object to (?:\w+ ){{0,3}}(?:processing|marketing|e-?mails?)\b
\bi withdraw (?:my|any) consent\b
\bi (?:never|did not|didn't) (?:sign(?:ed)? up|subscribed?|consent(?:ed)?) (?:to|for) (?:this{_END}|be )
\bi (?:never|did not|didn't) (?:sign(?:ed)? up|subscribed?|consent(?:ed)?) (?:to|for) (?:your|this) {_LIST}
{_STOP} {_WRITING} {_ME}{_END}
{_STOP} sending (?:me|us) {_ANY}{_MAIL}\b
\bcease (?:all |any )?(?:communication|contact|correspondence)\b
{_NOT} {_WRITE} (?:(?:me|us){_END}|(?:{_ME} )?{_AGAIN})
{_NOT} send (?:me|us) any ?more(?: of (?:these|this|those))?{_END}
{_NOT} send (?:me|us) (?:anything (?:else|{_AGAIN})|{_MAIL}{_END}|{_MUCH}{_MAIL}\b)
{_UNASKED} (?:receive|get) {_MUCH}{_MAIL}\b
\b(?:i|we) (?:do not|don't|no longer) want {_MUCH}{_LETTERS}(?: from you\b|{_END})
{_UNWANTED} (?:hear from you|be (?:contacted|e-?mailed)){_END}
^(?:please,? )?no more {_MAIL}(?:,? please| from you| to me)?$
^(?:please )?leave (?:me|us) alone{_END}
"""
_GERMAN = r"""
\blass(?:en|t)?(?: sie)? (?:mich|uns) (?:bitte |endlich )?in (?:ruhe|frieden)(?= ?(?:$|[,;:]))
\b(?:nehm|streich|lösch)(?:en|t|e)? (?:sie )?(?:bitte )?(?:mich|uns) (?:aus|vo[nm]) .{0,20}(?:verteiler|liste)
\b(?:streich|lösch|entfern)(?:en|t|e)?(?: sie)?(?: bitte)? meine? (?:\w+-)?(?:adresse|daten)\b
\b(?:löschung|austragung|entfernung|abmeldung) (?:aus|vo[nm])\b.{0,20}(?:verteiler|liste|newsletter)
\b(?:schreib|kontaktier|mail)(?:en|t|e)?(?: sie)? (?:mir|mich|uns) (?:bitte )?(?:nicht mehr|nie wieder)\b
(?:^|\b(?:bitte|möchten?|will|wollen) )keine (?:weiteren )?(?:e-?mails|mails|nachrichten|werbung) mehr\b
(?:^|\bbitte )keine weiteren (?:e-?mails|mails|nachrichten)(?: an .{1,40}| bitte)?$
\bich widerspreche der (?:\w+ ){0,3}(?:nutzung|verarbeitung|verwendung|zusendung)
"""
_FRENCH = r"""
\b(?:désabonnez|désinscrivez)[ -](?:moi|nous)\b
\b(?:retirez|supprimez|enlevez|rayez)[ -](?:moi|nous|mon adresse) des?\b
\b(?:me|nous) (?:retirer|enlever|supprimer|rayer|désinscrire) de (?:votre|vos|la|cette) (?:liste|base)
\bne (?:m'|me |nous )(?:écrivez|contactez|sollicitez) plus\b
\bne plus (?:m'|me |nous )(?:écrire|contacter|solliciter)\b
\bne (?:m'|me |nous |plus ){1,2}envoye[rz] (?:plus )?(?:de |d'|vos )?(?:e-?mails?|mails?|messages?|rien)\b
\bje ne (?:souhaite|veux|désire) plus (?:recevoir (?:de |d'|vos )?(?:e-?mail|mail|message)|être contacté)
"""
_SPANISH = r"""
\b(?:dar?me|denme|deme|dadme|darnos) de baja\b
\b(?:elimín|bórr|quít|sáqu)(?:a|e|en)(?:me|nos) de (?:su|tu|la|esta)\b
\bno (?:me|nos) (?:escrib(?:an?|as)|contact(?:en?|es)|envíe[ns]?|mande[ns]?) (?:más|nunca)\b
\bno (?:quiero|deseo|queremos|deseamos) recibir más\b
"""
_ITALIAN = r"""
\b(?:cancella|toglie|rimuove|togli|rimuovi)(?:te|r)?(?:mi|ci) dall[ae'] ?(?:(?:vostra|tua|mailing) ){0,2}list
\bnon (?:scrive|contatta)(?:te|r)(?:mi|ci) più\b
\bnon (?:voglio|desidero) (?:più )?ricevere (?:più |altre |le |vostre ){0,3}(?:e-?mail|mail|messaggi)\b
"""
_DUTCH = r"""
\b(?:haal|verwijder|schrap) (?:mij|me|ons|mijn (?:e-?mail)?(?:adres|gegevens)) .{0,30}(?:lijst|bestand)\b
\b(?:mij|me|ons) te verwijderen (?:uit|van)\b.{0,20}(?:lijst|bestand)\b
\b(?:e-?mail|mail|schrijf|benader) (?:mij|me|ons) (?:aub )?(?:niet|nooit) meer\b
\bstuur (?:mij|me|ons) (?:aub )?geen (?:e-?mails?|mails?|berichten) meer\b
"""
_ALL = _ENGLISH + _GERMAN + _FRENCH + _SPANISH + _ITALIAN + _DUTCH
_PHRASES = re.compile("|".join(filter(None, _ALL.splitlines())))
_ALL_OF_IT = re.compile(r"(?:please )?stop")
_ALONE = re.compile(
    r"(?:please |pls |bitte )?(?:unsubscribe|opt[ -]?out|remove(?: me)?|"
    r"stop (?:e-?mail|mail|contact|messag|spamm)ing|abmelden|austragen|désinscription|désabonnement|baja|"
    r"uitschrijven|afmelden)(?: please| pls| bitte)?"
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:if you (?:wish|want|would|no longer|do not|don't|prefer)|you (?:can|may)|click|"
    r"instead|until|unless|except|before (?=\w)|within|by phone|call me|"
    r"about (?:this|your) (?:submission|application|demo))\b|^to unsubscribe\b"
)
_ENDS = re.compile(r"[.!?;]+(?:\s|$)")


def asks_to_stop(own: str) -> bool:
    """Tell whether words ask it: in small letters, quotations left out."""
    sentences = [one.strip(" ,") for one in _ENDS.split(" ".join(own.split()))]
    begins = {sentences[0], *(line.strip(" .!,") for line in own.splitlines()[:1])}
    if any(map(_ALONE.fullmatch, begins)) or _ALL_OF_IT.fullmatch(own.strip(" .!")):
        return True
    return any(_PHRASES.search(one) and not _OF_SOMETHING_ELSE.search(one) for one in sentences)
