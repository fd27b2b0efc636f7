"""What asks not to be written to again is told from what only sounds like it; all of it is fictional."""

import time

import pytest

from campaigns import replies
from campaigns.opt_out import asks_to_stop
from campaigns.replies import category_of, labelled, own
from quality.analyze_responses import REPLIES

ASKING = [
    "Remove me pls",
    "pls unsubscribe",
    "Stop emailing.",
    "Take me off this please.",
    "I'm opting out, thanks.",
    "I don't want any more emails from you.",
    "We don't want these newsletters any more.",
    "Please don't send me any more of these.",
    "Lass mich in Ruhe!",
    "Bitte lassen Sie uns endlich in Ruhe, danke.",
    "Take me off your list.",
    "Hi Sam,\nplease remove me from your\nmailing list. Thanks, Priya",
    "Please take us off this press list, we closed in May.",
    "Could you delete my email address from your database?",
    "Please remove my details.",
    "Please remove my email",
    "You still did not take me off your list.",
    "Bitte keine weiteren E-Mails.",
    "Bitte keine weiteren Mails an diese Adresse",
    "please remove our station from your distribution list with immediate effect",
    "Unsubscribe",
    "UNSUBSCRIBE please!",
    "unsubscribe\n\nBest, Priya",
    "Unsubscribe me, thanks.",
    "I'd like to unsubscribe.",
    "Kindly opt me out.",
    "Consider this an opt out.",
    "Stop emailing me!",
    "Nice song, but please stop contacting me.",
    "I have asked you twice to stop writing to me. Stop.",
    "Please stop sending me your press releases.",
    "Please don\u2019t email me again",
    "Do not contact us in future.",
    "Not for us. Please don't write again.",
    "Never contact me again.",
    "Please don't send me any more music by email.",
    "Don't send me anything else, ever.",
    "I no longer wish to receive your emails.",
    "I don't want to hear from you.",
    "I never signed up for this.",
    "I never consented to be contacted.",
    "I object to the processing of my data for direct marketing.",
    "No more emails, please.",
    "Leave me alone.",
    "Hi, please remove me. Thanks",
    "Please don't send me emails.",
    "Don't contact this address again.",
    "Cease all contact.",
    "Bitte nehmen Sie mich aus Ihrem Verteiler.",
    "Streichen Sie bitte meine Adresse aus der Liste",
    "Bitte keine weiteren Mails mehr.",
    "Schreiben Sie mir nicht mehr.",
    "Retirez-moi de votre liste, merci.",
    "Merci de me retirer de votre liste.",
    "Ne m'\u00e9crivez plus.",
    "Je ne souhaite plus recevoir vos messages.",
    "Por favor, denme de baja.",
    "B\u00f3rrame de tu lista.",
    "No me escriban m\u00e1s.",
    "Cancellatemi dalla vostra mailing list.",
    "Non scrivetemi pi\u00f9.",
    "Haal mij alsjeblieft van jullie maillijst.",
    "Mail me niet meer.",
    "pls take me off this list",
    "Remove me please",
    "Please take this address off your list, I never subscribed.",
    "Can you stop emailing me please?",
    "STOP",
    "Please stop.",
    "Not interested, remove from list",
    "Do not email again",
    "don't email me",
    "please stop spamming us",
    "Can you please remove me from future mailings",
    "Please unsubscribe this email",
    "I wish to unsubscribe",
    "How did you get my address? I never gave consent. Delete my data.",
    "I do not wish to be contacted again.",
    "I'd rather not receive these emails.",
    "We no longer want to receive your press releases.",
    "Please cease contact.",
    "Kindly remove me from your mailing list going forward.",
    "Please refrain from emailing me in the future.",
    "Do not send me any further correspondence.",
    "Please delete all data you hold about me.",
    "take me off",
    "I've asked to be removed before.",
    "I asked you to take me off your list.",
    "Bitte streichen Sie mich von Ihrer Liste.",
    "Bitte keine Mails mehr.",
    "Bitte um Löschung aus dem Verteiler.",
    "Merci de ne plus m'envoyer de mails.",
    "Désinscrivez-moi s'il vous plaît.",
    "Por favor, no me escriba más.",
    "Quiero darme de baja de su lista.",
    "Vi prego di cancellarmi dalla lista.",
    "Gelieve mij te verwijderen uit uw lijst.",
]
OTHERWISE = [
    "I don't want any more songs like the last one, but this one is great.",
    "We no longer want your singles, only albums.",
    "We don't want any more music this month, come back in May.",
    "Take me off guard, this did.",
    "I'm opting out of the guest list.",
    "Don't send me any more of this kind, send me the louder ones.",
    "Please don't send me any more until March.",
    "Stop mailing lists are the worst.",
    "Lass mich in Ruhe darüber nachdenken.",
    "Remove the second track from the list and I'll play it.",
    "Could you take the B-side off the list?",
    "Please take me off the guest list, I can't make it.",
    "Add me to your mailing list please.",
    "Great song! Please don't take me off your list.",
    "I do not want to be removed from your list, I just had no time.",
    "Bitte keine weiteren Mails in dieser Woche, danach gern.",
    "I've removed it from our list for now.",
    "Take us off the air if you must!",
    "We took you off the shortlist, sorry.",
    "Please don't contact me by phone, email is best.",
    "Don't email me attachments, a link will do.",
    "Please don't write to me until the album is out.",
    "Labels never contact me, so this was a nice surprise.",
    "Most artists don't write to us first.",
    "Don't stop sending me music!",
    "Please never stop writing to us.",
    "I can't stop playing it.",
    "Stop sending WAVs, MP3s are fine.",
    "Please stop writing to me here and use music@example.org instead.",
    "If you no longer wish to receive our newsletter, unsubscribe below.",
    "To unsubscribe click here.",
    "Radio Nowhere, 1 High Street. Preferences - Unsubscribe",
    "Please remove me from the cc list.",
    "Don't send me mails with attachments, please.",
    "Please do not write to this address: it is not read.",
    "I withdraw from the jury.",
    "Please stop sending me this one, I have it already!",
    "Don't send me any more until I've listened to these three.",
    "No more emails needed, it's added :)",
    "Don't write me off just yet, I'm still listening.",
    "Could you take our logo off your list of supporters?",
    "Remove me from the guest list for Friday, thanks.",
    "I'd like to be removed from the jury.",
    "We don't want to receive demos by post.",
    "I don't want to receive emails larger than 10 MB.",
    "Please don't contact Mara, she left. Contact me.",
    "Don't contact me again before the 14th, I'm on holiday.",
    "Please don't message me on Instagram, email works.",
    "Never write to me without a link, thanks!",
    "So don't mail me, call me.",
    "Stop mailing me such good songs, I can't keep up!",
    "I never asked to hear from you, but I'm glad I did!",
    "I never signed up for this kind of joy.",
    "You can take me off the hook.",
    "Please delete my previous email, wrong attachment.",
    "Leave us alone with this record for a week and we'll come back to you.",
    "You'll be removed from our list unless you reply.",
    "This newsletter is sent to subscribers. Unsubscribe here: https://example.org/u",
    "Manage your subscription | Unsubscribe",
    "Please unsubscribe from the old list and join the new one.",
    "Opt out of tracking in your settings.",
    "I object to the chorus, otherwise great.",
    "I'm unsubscribing from Spotify, so send me a Bandcamp link.",
    "Bitte nehmt mich auf die Liste.",
    "Je ne souhaite plus attendre, envoyez-moi le single!",
    "Ne m'envoyez plus de MP3, un lien suffit.",
    "No quiero recibir archivos grandes.",
    "Non voglio ricevere allegati, solo link.",
    "Stuur me geen bijlagen meer, een link is genoeg.",
    "Please don't pitch us again within six months, per our guidelines.",
    "Due to volume please do not email us again about this submission; we will be in touch.",
    "Please stop contacting us by phone.",
    "Remove my address from the shipping label, we moved.",
    "You can unsubscribe at any time.",
    "I'll write when I'm back.\n\nRadio Nowhere, 1 High Street\nUnsubscribe | Preferences",
    "This mailbox is not monitored. Please do not reply.",
    "If you are not the intended recipient please delete this email.",
    "There are no more emails from the label in my inbox, resend?",
    "I want to hear more from you.",
    "I never signed up to that festival.",
    "Ich bekomme keine Mails mehr von der Redaktion.",
    "Ich nehme die Single aus der Liste.",
    "Je dois me retirer du jury.",
    "No me escriben muchas bandas.",
    "Don't bother with radio edits.",
    "Love it, don't mail the vinyl yet.",
    "",
]


@pytest.mark.parametrize("words", ASKING)
def test_an_objection_is_heard(words: str):
    assert category_of(words) == "objected"


@pytest.mark.parametrize("words", OTHERWISE)
def test_what_speaks_of_something_else_is_none(words: str):
    assert category_of(words) != "objected"


@pytest.mark.parametrize(
    "lead",
    [
        "> ",
        "On Fri, 1 May 2026 at 10:00, Somebody wrote:\n",
        "Am 01.05.2026 um 10:00 schrieb Sam <sam@example.org>:\n",
        "Le 1 mai 2026, Sam a \u00e9crit :\n",
        "Von: Sam\nAn: Mara\n",
        "-----Urspr\u00fcngliche Nachricht-----\n",
    ],
)
def test_what_is_quoted_is_nobodys_objection(lead: str):
    assert (
        category_of(f"Sounds great, when is it out?\n\n{lead}Unsubscribe me, take me off your list")
        != "objected"
    )


def test_of_all_labelled_replies_those_that_object_are_taken_for_it_and_no_other():
    texts = [file.read_text(encoding="utf-8") for file in (replies.EXAMPLES, REPLIES)]
    told = [(kind, words) for text in texts for kind, words in labelled(text)]
    assert sum(kind == "objected" for kind, _ in told) > 10
    assert [words for kind, words in told if asks_to_stop(own(words)) != (kind == "objected")] == []


@pytest.mark.parametrize(
    "words",
    [
        "take me off " * 50_000,
        "don't " * 100_000,
        "my e-mail " * 80_000,
        "meine adresse " * 50_000,
        "a-" * 200_000,
    ],
)
def test_long_words_take_no_time(words: str):
    began = time.process_time()
    category_of(words)
    assert time.process_time() - began < 0.3
