from annotate_app.people.refusal import ProtocolRefusal


def test_a_refusal_has_a_code_for_the_page_words_for_people_and_its_facts() -> None:
    refusal = ProtocolRefusal("other_tab", "Another tab is open.", seconds=12)
    assert refusal.as_json() == {"refused": "other_tab", "message": "Another tab is open.", "seconds": 12}
