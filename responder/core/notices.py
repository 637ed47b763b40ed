"""What is told, once, to a number that gets no more automatic answers for a while."""

from collections.abc import Mapping

NOTICES: Mapping[str, str] = {
    "de": "Wir haben viele SMS von Ihnen bekommen. Wir lesen sie, antworten aber eine Weile nicht mehr. STOP meldet Sie ab.",
    "en": "We got many texts from you. We keep them, but will not answer for a while. Text STOP to get no more texts from us.",
    "es": "Hemos recibido muchos SMS suyos. Los guardamos, pero no contestaremos por un rato. STOP para darse de baja.",
    "fr": "Vous nous avez écrit beaucoup de SMS. Nous les gardons, mais sans y répondre pour un moment. STOP pour vous désinscrire.",
    "it": "Abbiamo ricevuto molti SMS da lei. Li conserviamo, ma per un po' non risponderemo. STOP per non ricevere altri messaggi.",
    "nl": "We kregen veel sms'jes van u. We bewaren ze, maar antwoorden een tijdje niet. STOP om geen sms meer te krijgen.",
    "pl": "Otrzymalismy od Ciebie wiele SMS-ow. Zachowujemy je, ale przez jakis czas nie odpowiemy. STOP, aby sie wypisac.",
    "pt": "Chegaram muitos SMS seus. Ficam guardados, mas por algum tempo ninguém responde. STOP para sair.",
    "ro": "Am primit multe SMS-uri de la dvs. Le pastram, dar o vreme nu raspundem. STOP pentru a nu mai primi mesaje.",
}
