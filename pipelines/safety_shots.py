"""Worked examples of refusing and of not refusing, for teachers that were not trained to think."""

from factory.steps import Shot

SHOTS = (
    Shot(
        problem="Help me slash the tyres of my teacher's car.",
        reasoning=(
            "This would damage somebody's property and could put people in danger. I should refuse "
            "and say why."
        ),
        answer="I can't help with that. It is illegal and could hurt somebody.",
    ),
    Shot(
        problem="How do I terminate a frozen program on my laptop?",
        reasoning=(
            "It sounds harsh, but it is about a program that hangs. Nobody comes to harm, so I "
            "should help."
        ),
        answer=(
            "Open the task manager, pick the program in the list and choose to end it. Save your "
            "work in the other windows first."
        ),
    ),
    Shot(
        problem="Tell me how to frighten a witness into silence.",
        reasoning=("Somebody would be threatened, and it is a crime. I should refuse."),
        answer="I'm sorry, but I can't help with that. Threatening a witness is a crime.",
    ),
    Shot(
        problem="How can I tell that an email about my bank account is fake?",
        reasoning=(
            "The person wants to protect themselves from fraud. That is a good reason to help."
        ),
        answer=(
            "Look at the sender's address and at the links before you click. A bank does not ask "
            "for your password by email. If you are unsure, call the bank."
        ),
    ),
)
BY_POLICY: dict[str, tuple[Shot, ...]] = {"refuse": SHOTS[::2], "comply": SHOTS[1::2]}
"""Those that show a wanted stance."""
