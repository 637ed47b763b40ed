"""Five patterns of a rule, to begin from: what stands between « and » is where the cursor goes."""

SENTENCES = {
    "join": "Join a list",
    "answer": "Answer a question",
    "confirm": "Confirm an appointment",
    "call": "Call a system",
    "person": "Hand over to a person",
}
TEXTS = {
    "join": """
  - name: «join-news»
    when: {text: News ON}
    then:
      - subscribe: news
      - reply: "Welcome. STOP to leave."
    examples:
      match: [news on]
""",
    "answer": """
  - name: «opening-hours»
    when: {text: [hours, opening hours]}
    then:
      - reply: "We are here from 9 to 18."
    examples:
      match: [hours]
""",
    "confirm": """
  - name: «visit-confirmed»
    when: {answer: confirm}
    then:
      - appointment: confirm
      - reply: "Thank you, see you then."
""",
    "call": """
  - name: «order»
    when: {starts_with: order}
    then:
      - webhook: crm
    examples:
      match: [order 12]
""",
    "person": """
  - name: «call-back»
    when: {contains: call me}
    then:
      - hand_off: wants a call
      - reply: "We will call you."
    examples:
      match: [please call me]
""",
}
SNIPPETS = [(name, SENTENCES[name], TEXTS[name]) for name in SENTENCES]
