/**
 * The turns of Gemma 2 and 3: a system message goes before the first user's text, the assistant is called model, and texts
 * are trimmed. For base models, which bring no template.
 */
export const GEMMA = [
  "{{ bos_token }}{% set turn = namespace(user=true, before='') %}{% for message in messages %}",
  "{% if message.role == 'system' and loop.first %}{% set turn.before = message.content + '\\n\\n' %}{% else %}",
  "{% if (message.role == 'user') != turn.user %}",
  "{{ raise_exception('Turns of user and assistant must alternate, a system message may stand before them') }}{% endif %}",
  "{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\\n' + turn.before }}",
  "{{ message.content | trim + '<end_of_turn>\\n' }}",
  "{% set turn.before = '' %}{% set turn.user = not turn.user %}{% endif %}{% endfor %}",
  "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
].join('');
