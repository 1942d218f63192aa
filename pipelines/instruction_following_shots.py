"""Worked examples of following instructions, for teachers that were not trained to think."""

from factory.steps import Shot

SHOTS = (
    Shot(
        problem=(
            "What should a new colleague know about tea ceremonies? Do not use a single comma. "
            'Make use of the words "kettle" and "guest".'
        ),
        reasoning=(
            "I may not write a comma and I need the words kettle and guest. Short sentences will "
            "do."
        ),
        answer=(
            "A tea ceremony is slow and quiet. The host warms the kettle and cleans the bowl. Each "
            "guest watches and waits. Say thank you before you drink."
        ),
    ),
    Shot(
        problem=(
            "Give my neighbour some advice on composting at home.\n\nPlease keep to these rules:\n"
            "- List 3 points, no more and no less, as Markdown bullets (* like this).\n"
            "- Write fewer than 60 words."
        ),
        reasoning=(
            "There must be exactly 3 lines that start with an asterisk, and fewer than 60 words."
        ),
        answer=(
            "* Collect peels and coffee grounds in a small bin.\n"
            "* Mix them with dry leaves so that air gets in.\n"
            "* Turn the heap every two weeks."
        ),
    ),
    Shot(
        problem=(
            "Explain glaciers to a ten-year-old.\n\nGive it a title in double angle brackets, "
            '<<like this>>. Let the answer finish with "That is all for now." and stop there.'
        ),
        reasoning="The title goes into << and >>, and the last words are given.",
        answer=(
            "<<Rivers of Ice>>\n\nA glacier is a river of ice. Snow falls year after year and "
            "turns into ice, which slides slowly down the valley. That is all for now."
        ),
    ),
)
