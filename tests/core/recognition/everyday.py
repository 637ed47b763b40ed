"""Texts of everyday, made of what people write in nine languages, each with its right reading; the same each time."""
# ruff: noqa: E501  (texts)

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

COUNT = 5000
OPT_OUT, NO_OPT_OUT, HEARD, CONFIRM, CANCEL, NO_ANSWER = (
    "opt_out",
    "no opt-out",
    "heard",
    "confirm",
    "cancel",
    "no answer",
)
SMILES = ("", " 😊", " 🙏", " :)", " <3", " ❤️")
REACTIONS = ("👍", "❤️", "😂")


@dataclass(frozen=True, kw_only=True)
class Language:
    """What people write in one language."""

    stops: Sequence[str]
    """Phrases that opt out, complete as they are."""
    sends: Sequence[str]
    """Phrases that stop what stands behind them, with a gap for it."""
    ours: Sequence[str]
    others: Sequence[str]
    yes: Sequence[str]
    no: Sequence[str]
    thanks: Sequence[str]
    names: Sequence[str]
    asks: Sequence[str]
    """Questions about STOP."""
    likes: Sequence[str]
    """How a phone says that a text was liked, with a gap for the text."""
    chat: Sequence[str]
    please: Sequence[str]


LANGUAGES = {
    "en": Language(
        stops=("stop texting me", "please take me off your list", "leave me alone", "no more texts please", "unsubscribe", "STOP"),
        sends=("stop sending me {}", "please don't send me any more {}", "can you stop sending {}"),
        ours=("texts", "messages", "offers", "marketing texts", "spam"),
        others=("bills", "letters", "parcels", "paper statements", "catalogues", "invoices by post", "the magazine"),
        yes=("Yes", "yes I'll be there", "Confirmed", "ok", "I can come"),
        no=("No", "not coming", "I can't make it", "cancel my appointment"),
        thanks=("thanks", "thank you", "cheers"), names=("Mary", "John Smith", "Anna Brown"),
        asks=("what happens if I text STOP?", "do I need to reply STOP every time?", "if I reply STOP do I lose my visit?"),
        likes=("Liked “{}”", "Loved “{}”", "Laughed at “{}”"),
        chat=("I'll stop by tomorrow", "the bus stop is closed", "what time do you open?", "running ten minutes late", "can I bring my dog",
              "my number has changed next week", "could you send me the address", "is parking free there", "I lost the form", "see you monday"),
        please=("please", "hi"),
    ),
    "it": Language(
        stops=("non scrivetemi più", "basta messaggi", "toglietemi dalla lista", "lasciatemi in pace", "cancellatemi", "STOP"),
        sends=("non mandatemi più {}", "smettete di inviarmi {}", "non voglio più ricevere {}"),
        ours=("messaggi", "sms", "le vostre offerte", "pubblicità", "niente"),
        others=("fatture", "lettere", "pacchi", "bollette cartacee", "cataloghi", "solleciti", "la rivista"),
        yes=("Sì", "confermo", "va bene", "ci sarò", "ok"), no=("No", "non posso venire", "annullo", "disdico"),
        thanks=("grazie", "grazie mille", "saluti"), names=("Mario", "Anna Bianchi", "Lucia Rossi"),
        asks=("cosa succede se scrivo STOP?", "devo rispondere STOP ogni volta?", "se scrivo STOP perdo la visita?"),
        likes=("Ha messo Mi piace a “{}”", "Ha adorato “{}”", "Ha riso per “{}”"),
        chat=("passo domani verso le dieci", "basta così grazie mille", "a che ora aprite", "arrivo con dieci minuti di ritardo", "posso portare il cane",
              "mi mandate l'indirizzo per favore", "c'è parcheggio lì vicino", "ho perso il modulo", "ci vediamo lunedì", "mi basta un preventivo"),
        please=("per favore", "buongiorno"),
    ),
    "fr": Language(
        stops=("arrêtez de m'écrire", "plus de sms svp", "laissez-moi tranquille", "désabonnez-moi", "ne m'écrivez plus", "STOP"),
        sends=("ne m'envoyez plus {}", "arrêtez de m'envoyer {}", "je ne veux plus recevoir {}"),
        ours=("de messages", "vos sms", "de pub", "vos promotions"),
        others=("de factures", "de lettres", "de colis", "de relevés papier", "le catalogue", "de courrier", "de relances"),
        yes=("Oui", "je confirme", "d'accord", "je serai là", "ok"), no=("Non", "j'annule", "je ne peux pas venir", "annuler mon rendez-vous"),
        thanks=("merci", "merci beaucoup", "cordialement"), names=("Marie", "Paul Martin", "Anne Durand"),
        asks=("que se passe-t-il si je réponds STOP ?", "dois-je envoyer STOP à chaque fois ?", "si j'envoie STOP je perds mon rendez-vous ?"),
        likes=("A aimé « {} »", "A adoré « {} »", "A ri à « {} »"),
        chat=("je passe demain vers dix heures", "l'arrêt de bus est fermé", "à quelle heure ouvrez-vous", "j'aurai dix minutes de retard",
              "je peux venir avec mon chien", "pouvez-vous m'envoyer l'adresse", "il y a un parking", "j'ai perdu le formulaire", "à lundi"),
        please=("svp", "bonjour"),
    ),
    "es": Language(
        stops=("no me escriban más", "dejen de escribirme", "quiero darme de baja", "no más mensajes", "déjenme en paz", "STOP"),
        sends=("no me manden más {}", "dejen de enviarme {}", "no quiero recibir más {}"),
        ours=("mensajes", "sms", "sus promociones", "publicidad"),
        others=("facturas", "cartas", "paquetes", "recibos en papel", "catálogos", "llamadas", "la revista"),
        yes=("Sí", "confirmo", "de acuerdo", "vale", "ok"), no=("No", "no puedo ir", "cancelo la cita", "quiero anular la cita"),
        thanks=("gracias", "muchas gracias", "saludos"), names=("María", "Juan López", "Ana García"),
        asks=("¿qué pasa si respondo STOP?", "¿tengo que responder STOP cada vez?", "si escribo STOP ¿pierdo la cita?"),
        likes=("Le gustó “{}”", "Le encantó “{}”", "Se rió de “{}”"),
        chat=("paso mañana a las diez", "estoy de baja laboral", "a qué hora abren", "llego diez minutos tarde", "puedo llevar a mi perro",
              "me pueden mandar la dirección", "hay aparcamiento cerca", "he perdido el formulario", "nos vemos el lunes"),
        please=("por favor", "hola"),
    ),
    "pt": Language(
        stops=("não me escrevam mais", "parem de me mandar mensagens", "quero sair da lista", "deixem-me em paz", "não quero mais mensagens", "STOP"),
        sends=("não me mandem mais {}", "parem de me enviar {}", "não quero receber mais {}"),
        ours=("mensagens", "sms", "as vossas promoções", "publicidade"),
        others=("faturas", "cartas", "encomendas", "recibos em papel", "catálogos", "boletos", "a revista"),
        yes=("Sim", "confirmo", "estarei lá", "combinado", "ok"), no=("Não", "não posso ir", "desmarco", "quero cancelar a consulta"),
        thanks=("obrigado", "muito obrigada", "cumprimentos"), names=("João", "Ana Silva", "Maria Costa"),
        asks=("o que acontece se eu responder STOP?", "tenho que responder STOP sempre?", "se eu enviar STOP perco a consulta?"),
        likes=("Gostou de “{}”", "Adorou “{}”", "Riu de “{}”"),
        chat=("passo amanhã às dez", "a paragem está fechada", "a que horas abrem", "chego dez minutos atrasado", "posso levar o meu cão",
              "podem mandar a morada", "há estacionamento perto", "perdi o formulário", "até segunda"),
        please=("por favor", "olá"),
    ),
    "de": Language(
        stops=("schreiben Sie mir nicht mehr", "bitte keine SMS mehr", "lassen Sie mich in Ruhe", "ich möchte mich abmelden", "keine Werbung mehr", "STOP"),
        sends=("schicken Sie mir keine {} mehr", "ich möchte keine {} mehr erhalten", "senden Sie mir bitte keine {} mehr"),
        ours=("Nachrichten", "SMS", "Angebote", "Werbung"),
        others=("Rechnungen", "Briefe", "Pakete", "Kataloge", "Mahnungen", "Kontoauszüge", "Papierrechnungen"),
        yes=("Ja", "bestätigt", "ich komme", "alles klar", "ok"), no=("Nein", "ich komme nicht", "ich kann nicht kommen", "ich möchte den Termin absagen"),
        thanks=("danke", "vielen Dank", "viele Grüße"), names=("Hans", "Anna Müller", "Peter Schmidt"),
        asks=("was passiert, wenn ich STOP schreibe?", "muss ich jedes Mal STOP antworten?", "wenn ich STOP schicke, verliere ich den Termin?"),
        likes=("Gefällt „{}“", "„{}“ gefällt mir", "Lacht über „{}“"),
        chat=("ich komme morgen gegen zehn vorbei", "an der Haltestelle ist kein Stop", "wann machen Sie auf", "ich verspäte mich um zehn Minuten",
              "darf mein Hund mit", "schicken Sie mir bitte die Adresse", "gibt es dort Parkplätze", "ich habe das Formular verloren", "bis Montag dann"),
        please=("bitte", "hallo"),
    ),
    "nl": Language(
        stops=("stuur me geen berichten meer", "schrijf me uit", "laat me met rust", "geen sms meer", "haal me van de lijst", "STOP"),
        sends=("stuur mij geen {} meer", "ik wil geen {} meer ontvangen", "stuur me alsjeblieft geen {} meer"),
        ours=("berichten", "sms", "reclame", "aanbiedingen"),
        others=("facturen", "brieven", "pakketten", "papieren afschriften", "folders", "aanmaningen", "rekeningen"),
        yes=("Ja", "akkoord", "ik kom", "prima", "ok"), no=("Nee", "ik kom niet", "ik kan niet komen", "ik wil de afspraak afzeggen"),
        thanks=("bedankt", "dank u wel", "groetjes"), names=("Piet", "Anna de Vries", "Kees Bakker"),
        asks=("wat gebeurt er als ik STOP stuur?", "moet ik elke keer STOP sturen?", "als ik STOP stuur, verlies ik dan mijn afspraak?"),
        likes=("Vindt “{}” leuk", "Vond “{}” leuk", "Heeft gelachen om “{}”"),
        chat=("ik kom morgen rond tien langs", "waar stopt de bus", "hoe laat gaat u open", "ik ben tien minuten later", "mag mijn hond mee",
              "kunt u het adres sturen", "is er parkeerplaats", "ik ben het formulier kwijt", "tot maandag"),
        please=("alstublieft", "hallo"),
    ),
    "pl": Language(
        stops=("nie piszcie do mnie więcej", "proszę mnie wypisać", "dajcie mi spokój", "koniec smsów", "przestańcie wysyłać sms", "STOP"),
        sends=("nie wysyłajcie mi więcej {}", "proszę nie wysyłać mi więcej {}", "nie chcę dostawać {}"),
        ours=("wiadomości", "smsów", "reklam", "waszych ofert"),
        others=("faktur", "listów", "paczek", "rachunków", "katalogów", "przesyłek", "wyciągów"),
        yes=("Tak", "potwierdzam", "będę", "dobrze", "ok"), no=("Nie", "nie mogę przyjść", "odwołuję wizytę", "nie przyjdę"),
        thanks=("dziękuję", "dzięki", "pozdrawiam"), names=("Ania", "Marek Nowak", "Ewa Kowalska"),
        asks=("co się stanie, jeśli wyślę STOP?", "czy muszę za każdym razem odpisać STOP?", "jeśli napiszę STOP, stracę wizytę?"),
        likes=("Polubił(a) „{}”", "Uwielbia „{}”", "Lubi „{}”"),
        chat=("wpadnę jutro o dziesiątej", "na przystanku nikogo nie ma", "o której otwieracie", "spóźnię się dziesięć minut", "czy mogę przyjść z psem",
              "proszę przysłać adres", "czy jest tam parking", "zgubiłem formularz", "do zobaczenia w poniedziałek"),
        please=("proszę", "dzień dobry"),
    ),
    "ro": Language(
        stops=("nu-mi mai scrieți", "vreau să mă dezabonez", "lăsați-mă în pace", "nu mai vreau mesaje", "scoateți-mă din listă", "STOP"),
        sends=("nu-mi mai trimiteți {}", "nu mai vreau să primesc {}", "nu îmi mai trimiteți {} vă rog"),
        ours=("mesaje", "sms", "reclame", "ofertele voastre"),
        others=("facturi", "scrisori", "colete", "extrase pe hârtie", "cataloage", "pachete", "somații"),
        yes=("Da", "confirm", "voi veni", "de acord", "ok"), no=("Nu", "nu pot veni", "anulez programarea", "nu vin"),
        thanks=("mulțumesc", "mersi", "mulțumesc frumos"), names=("Maria", "Ion Popescu", "Ana Ionescu"),
        asks=("ce se întâmplă dacă răspund STOP?", "trebuie să trimit STOP de fiecare dată?", "dacă trimit STOP pierd programarea?"),
        likes=("A apreciat „{}”", "I-a plăcut „{}”", "A iubit „{}”"),
        chat=("trec mâine pe la zece", "la stația de autobuz e închis", "la ce oră deschideți", "întârzii zece minute", "pot veni cu câinele",
              "îmi trimiteți adresa vă rog", "este parcare acolo", "am pierdut formularul", "ne vedem luni"),
        please=("vă rog", "bună ziua"),
    ),
}  # fmt: skip
OUTCOMES = (OPT_OUT, NO_OPT_OUT, HEARD, CONFIRM, CANCEL, NO_ANSWER)
OURS = ("See you on 24/11 at 10:00.", "Reminder: tomorrow at 9. Reply YES or NO. STOP to opt out.", "Riceverai di nuovo i nostri messaggi. Scrivi STOP per non riceverne più.",
        "Please stop texting while you drive!", "Non vuole più ricevere i nostri messaggi? Scriva STOP.", "Unsubscribe by texting STOP ALL")  # fmt: skip
"""Texts that we might have sent."""


@dataclass(frozen=True, kw_only=True)
class Everyday:
    """A text, the language of the file, whether an appointment is open, and its right reading."""

    text: str
    language: str
    is_asked: bool
    expected: str


def everyday_texts(count: int = COUNT) -> list[Everyday]:
    """So many texts, as evenly as can be from all languages."""
    chance = random.Random(14)
    texts = [text for name in LANGUAGES for text in _sample(list(_of(name, LANGUAGES[name])), count, chance)]
    return texts[:count]


def _sample(texts: list[Everyday], count: int, chance: random.Random) -> list[Everyday]:
    chance.shuffle(texts)
    return texts[: -(-count // len(LANGUAGES))]


def _of(name: str, language: Language) -> Iterator[Everyday]:
    for is_asked in (False, True):
        for text in _opt_outs(language):
            yield Everyday(text=text, language=name, is_asked=is_asked, expected=OPT_OUT)
        for text in _others(language):
            yield Everyday(text=text, language=name, is_asked=is_asked, expected=NO_OPT_OUT)
    for words, expected in ((language.yes, CONFIRM), (language.no, CANCEL)):
        for text in _decorated(words, language):
            yield Everyday(text=text, language=name, is_asked=True, expected=expected)
    for text in _no_answers(language):
        yield Everyday(text=text, language=name, is_asked=True, expected=NO_ANSWER)


def _opt_outs(language: Language) -> Iterator[str]:
    said = [*language.stops, *(send.format(what) for send, what in product(language.sends, language.ours))]
    for stop, thanks, smile in product(said, ("", *language.thanks), SMILES[:4]):
        yield f"{stop}{f' {thanks}' if thanks else ''}{smile}"
    for stop, before in product(said, language.please):
        yield f"{before}, {stop}"


def _others(language: Language) -> Iterator[str]:
    said = [send.format(what) for send, what in product(language.sends, language.others)]
    for text, thanks in product([*said, *language.asks, *language.chat], ("", *language.thanks)):
        yield f"{text}{f', {thanks}' if thanks else ''}"
    for frame, text in product(language.likes, (*OURS, *language.stops[:3], *said[:4])):
        yield frame.format(text)
    for mark, text in product(REACTIONS, OURS):
        yield f"{mark} to “{text}”"
    for text, answer in product(OURS, language.chat[:3]):
        yield f"> {text}\n{answer}"


def _decorated(words: Sequence[str], language: Language) -> Iterator[str]:
    for word, thanks, smile in product(words, ("", *language.thanks), SMILES):
        yield f"{word}{f' {thanks}' if thanks else ''}{smile}"
    for word, name in product(words, language.names):
        yield f"{word}, {name}"
        yield f"{word} - {name}"
        yield f"{name}: {word}"
    for word, thanks in product(words, language.thanks):
        yield f"{word} {thanks} x"
        yield f"{word}, {thanks}, M."


def _no_answers(language: Language) -> Iterator[str]:
    yield from (
        f"{thanks} {sign}"
        for thanks, sign in product(language.thanks, ("x", "N.", "<3", "1", "2", "c", "r", "9", ":3"))
    )
    yield from (f"{word}?" for word in (*language.yes, *language.no))
    yield from (
        frame.format(word) for frame, word in product(language.likes, (*OURS, "ok, I confirm it", "no, I cancel it"))
    )
    yield from language.chat
