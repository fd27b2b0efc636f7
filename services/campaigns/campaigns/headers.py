"""What other languages call the columns of a file of contacts, without marks: Telefono, Desinscrit."""

ELSEWHERE: dict[str, tuple[str, ...]] = {
    "name": (
        "kontakt", "kontaktperson", "ansprechpartner", "ansprechpartnerin", "ansprechperson", "anzeigename",
        "vollstandiger name", "nom complet", "nombre completo", "nome completo", "contacto", "contatto",
        "naam", "volledige naam", "contactpersoon",
    ),
    "first_name": ("vorname", "prenom", "nombre", "nome", "voornaam"),
    "last_name": (
        "nachname", "familienname", "zuname", "nom", "nom de famille", "apellido", "apellidos", "cognome",
        "achternaam",
    ),
    "email": (
        "e mail adresse", "email adresse", "emailadresse", "mailadresse", "mail adresse", "adresse e mail",
        "adresse email", "adresse mail", "adresse electronique", "courriel", "correo", "correo electronico",
        "direccion de correo", "direccion de correo electronico", "indirizzo e mail", "indirizzo email",
        "posta elettronica", "e mailadres", "emailadres", "mailadres", "e mail adres", "email adres",
    ),
    "phone": (
        "telefon", "telefonnummer", "mobil", "mobiltelefon", "mobilnummer", "handy", "handynummer",
        "telefon geschaftlich", "portable", "numero de telephone", "telefono", "movil", "cellulare",
        "telefoon", "telefoonnummer", "mobiel",
    ),
    "outlet": (
        "medium", "sender", "radiosender", "sendung", "redaktion", "zeitung", "zeitschrift", "magazin",
        "publikation", "firma", "unternehmen", "journal", "emission", "entreprise", "societe", "medio",
        "emisora", "revista", "empresa", "testata", "emittente", "azienda", "zender", "bedrijf",
    ),
    "role": (
        "funktion", "rolle", "beruf", "fonction", "poste", "cargo", "puesto", "ruolo", "funzione", "functie",
    ),
    "type": (
        "typ", "art", "kategorie", "kontaktart", "medientyp", "categorie", "tipo", "categoria", "soort",
    ),
    "genres": (
        "musikrichtung", "musikrichtungen", "musikstil", "stil", "genero", "generos", "genere", "generi",
        "muziekstijl", "stijl",
    ),
    "regions": (
        "land", "lander", "ort", "gebiet", "pays", "lieu", "pais", "paese", "regione", "regio",
    ),
    "source": ("quelle", "herkunft", "origine", "fuente", "origen", "fonte", "bron"),
    "source_url": ("webseite", "internetseite", "site web", "site internet", "sitio web", "sito", "sito web"),
    "notes": (
        "notiz", "notizen", "bemerkung", "bemerkungen", "anmerkung", "anmerkungen", "kommentar", "remarque",
        "remarques", "commentaire", "commentaires", "nota", "notas", "observaciones", "comentarios",
        "osservazioni", "commenti", "opmerking", "opmerkingen", "notitie", "notities",
    ),
    "suppressed": (
        "abgemeldet", "abgemeldet am", "abmeldung", "abbestellt", "widerspruch", "widersprochen", "gesperrt",
        "nicht kontaktieren", "nicht anschreiben", "keine e mails", "keine mails",
        "desinscrit", "desinscrit le", "desinscription", "desabonne", "ne pas contacter", "ne plus contacter",
        "baja", "dado de baja", "fecha de baja", "no contactar", "disiscritto",
        "disiscrizione", "non contattare", "afgemeld", "afgemeld op", "uitgeschreven", "uitgeschreven op",
        "niet contacteren", "niet benaderen", "niet mailen",
    ),
    "subscribed": (
        "einwilligung", "eingewilligt", "zustimmung", "abonniert", "inscrit", "abonne", "consentement",
        "suscrito", "consentimiento", "iscritto", "consenso", "ingeschreven", "aangemeld", "toestemming",
    ),
    "timezone": ("zeitzone", "fuseau horaire", "zona horaria", "fuso orario", "tijdzone"),
}  # fmt: skip
