"""The desk's REST interface, under /api/desk/. For agents, leads and administrators; JSON only, never HTML.

Shapes that come again (times are ISO 8601 with zone, durations seconds, names in the language of the request):

Number      {"text": "138****5678", "token": "..."}        `text` is whole for leads and for who has the right calls.see_numbers.
            Dialled by POST /api/seat/dial/ {"token": ...}; "token" is "" where nobody can be called (withheld, "text" is "").
Named       {"code": "orders", "name": "订购"}              a queue; an agent is {"number": "1001", "name": "王芳"}. null: none.
CustomerRow {"id": 7, "version": 3, "number": "80000007", "name": "王芳", "title": "ms"|"mr"|"",
             "level": "ordinary"|"member"|"vip", "language": "zh"|"en"|"", "points": 120, "province": "浙江省", "city": "杭州市",
             "address": "...",
             "phones": [Number + {"id": 3}]}
Customer    CustomerRow + {"identified": true (the caller proved it, or chose it, in the flow), "salutation": "王女士",
             "notes": [Note], "orders": [Order] (open ones, then the latest), "complaints": [Complaint] (open ones),
             "callbacks": [Callback] (open ones)}
Note        {"id": 1, "text": "...", "author": "1001 王芳", "created_at": "..."}
Order       {"number": "60000001", "product": "不粘炒锅", "quantity": 1, "amount": "299.00", "state": "shipped",
             "state_name": "已发货", "open": true, "created_at": "..."}
Category    {"id": 4, "name": "催送货", "path": ["订单", "催送货"]}
Complaint   {"id": 1, "customer": 7, "call": "c12", "order": "", "category": Category|null, "text": "...",
             "state": "open"|"working"|"closed", "state_name": "...", "resolution": "", "created_at": "...", "due_at": null,
             "closed_at": null}
Record      {"id": 1, "call": "c12", "agent": {"number","name"}, "customer": {"id","name"}|null, "order": "60000001"|"",
             "category": Category|null, "result": "solved", "result_name": "已解决", "summary": "...",
             "follow_up": "2026-11-25"|null, "followed_up_at": null, "created_at": "...", "updated_at": "...",
             "editable": true}
Callback    {"id": "k17", "kind": "callback", "state": "WAITING", "due_at", "attempts": 1, "number": Number,
             "customer": CustomerRow|null, "queue": Named|null, "source": "abandoned", "source_name": "...",
             "reason": "...", "language": "zh", "asked_at": "...", "times_asked": 2, "call": "c12"}
HistoryCall {"id": "c12", "direction": "in"|"out"|"internal", "at": "...", "number": Number, "dnis": "...", "label": "...",
             "queue": Named|null, "agent": {"number","name"}|null, "outcome": "ANSWERED", "outcome_name": "已接听", "waited": 3.1,
             "talked": 60.2, "voicemail": false, "records": [Record],
             "recordings": [{"id": "...", "state": "ready", "seconds": 60.2, "audio": "/api/recordings/.../audio/"|null}]}
Message     {"id": 1, "from": {"user": "lead-sales", "number": ""|"1001", "name": "..."}, "text": "...", "sent_at": "...",
             "to": {"to": "seat", "seat": "1001", "name": "王芳"} | {"to": "group", "group": "sales", "name": "订购组"}
                 | {"to": "user", "user": "lead-sales", "name": "..."},
             "mine": false (true: I sent it), "read_at": null (by me), "reads": 3, "of": 10 (both null but for the sender)}

GET  pop/<call>/?customer= {"call": {"id", "direction", "state", "number": Number, "province", "city", "name" (of the network),
                          "dnis", "label", "language", "queue": Named|null, "agent": {"number","name"}|null, "started_at",
                          "queued_at"|null, "connected_at"|null, "ended_at"|null, "waited": seconds so far,
                          "path": [{"at": "...", "step": "key", "text": "按键 1", "seconds": until the next|null}],
                          "transferred_by": {"number","name"}|null},
                         "customers": [Customer] (the identified first), "new_customer": null | {"name": "", "title": "",
                          "language": "", "province": "...", "city": "...", "address": "", "phones": [Number]},
                         "history": [HistoryCall] (the last 10 of these numbers and customers, without this call),
                         "record": Record|null (mine of this call), "handed_over": [Record] (of this call, by who had it before),
                         "script": "您好，王女士...", "scripts": [{"id","situation","title","text"}] (best first)}
                        customer: which of them it is, chosen by the agent; the scripts speak to them.
                        404: no such call, or not yours. Ask again when it is transferred, or a customer was saved.
GET  customers/<id>/    Customer + {"history": [HistoryCall]}
                        404: none, or not yours to see (`customers.view` of your roles); so are notes, orders, complaints and
                        records, here, in the pop and in the search
POST customers/         {"name", "title"?, "language"?, "province"?, "city"?, "address"?, "level"? (who has `customers.level`),
                         "phones"?: [{"token"} | {"number"}]} -> 201 Customer; 400 {"field": ["why"]}
PATCH customers/<id>/   the same fields, + "remove_phones": [phone id]; "phones" are added; header If-Match: "<version>"
                        -> 200 Customer; 428: it is missing; 412: changed meanwhile
POST customers/<id>/notes/     {"text"} -> 201 Note
POST complaints/        {"customer", "text", "call"?, "order"?, "category"?, "due_at"?} -> 201 Complaint
PATCH complaints/<id>/  {"state"?, "resolution"?, "category"?, "due_at"?} -> 200 Complaint
POST records/           {"call", "customer"?: id|null, "order"?: "", "category"?: id|null, "result"?: code, "summary"?: "",
                         "follow_up"?: date|null} -> 201 Record. One for each agent and call: posted again it changes it (200), so
                        a draft can be kept by posting it.
PATCH records/<id>/     the same but "call"; {"followed_up": true} ticks a follow-up off -> 200 Record. Own; leads: all they see.
GET  records/?customer=<id> | ?call=<id>   {"records": [Record]}: the latest 50; without either: mine of today
GET  followups/         {"followups": [Record + {"number": Number}]}: mine that are due within a week, soonest first
GET  categories/        {"categories": [{"id", "code", "name", "children": [same]}], "results": [{"code", "name"}]}
GET  callbacks/         {"callbacks": [Callback]}: open ones of the queues I serve (leads: their groups serve), the oldest first
POST callbacks/<id>/close/     {"result": "reached"|"unreached"|"not_wanted"|"duplicate"} -> 200, 202, 409; 404: closed
GET  callback-in-hand/  {"callback": Callback + {"chosen", "result_name", "tried": [...]} or null, "until", "results":
                        [{"code", "name"}], "task": {"reason", "order", "questions"} or null}: shown to my seat, or called by it
POST callbacks/<id>/questions/  {"address"}: the page of its questionnaire, begun
GET  surge/             for leads: lines, what the surge attendant takes now, and what became of whom it took today
GET  search/?q=         {"customers": [CustomerRow], "orders": [Order + {"customer": CustomerRow}], "more": false}
                        q: name or its beginning, member number, order number, telephone number or its last 4 digits or more
GET  messages/?before=<id>     {"messages": [Message] (50, the newest first), "unread": 2, "more": false}
POST messages/          {"to": "seat", "seat"} | {"to": "group", "group"} (its leads) | {"to": "user", "user"} (a lead),
                        + {"text"} (1 to 1000 signs) -> 201 Message
POST messages/<id>/read/       200 Message; POST messages/read-all/ -> {"unread": 0}
GET  recipients/        {"seats": [{"number","name","group","state"}], "groups": [{"code","name"}], "leads": [{"user","name"}]}:
                        whom I may write
GET  openings/?customer=&user=&call=   {"next", "previous", "results": [{"at", "user", "customer": {"id","name","number"},
                        "call": "c12"|"", "address"}]}: who was shown which customer; administrators only

Pushed over the socket /ws/feed/ beside the batches of facts (told apart by "type"):
{"type": "message", "message": Message, "unread": 3}
{"type": "message_read", "id": 1, "reads": 4, "of": 10}     to who sent it
{"type": "messages_changed"}                                some may have been missed: ask for messages/
"""

from django.urls import path

from ccenter.desktop import api
from ccenter.desktop.callbacks import api as callbacks

urlpatterns = [
    path("pop/<str:call>/", api.PopView.as_view()),
    path("customers/", api.CustomersView.as_view()),
    path("customers/<int:ident>/", api.CustomerView.as_view()),
    path("customers/<int:ident>/notes/", api.NotesView.as_view()),
    path("complaints/", api.ComplaintsView.as_view()),
    path("complaints/<int:ident>/", api.ComplaintView.as_view()),
    path("records/", api.RecordsView.as_view()),
    path("records/<int:ident>/", api.RecordView.as_view()),
    path("followups/", api.FollowupsView.as_view()),
    path("categories/", api.CategoriesView.as_view()),
    path("callbacks/", api.CallbacksView.as_view()),
    path("callback-in-hand/", callbacks.HandView.as_view()),
    path("callbacks/<str:ident>/questions/", callbacks.QuestionsView.as_view()),
    path("surge/", callbacks.SurgeLiveView.as_view()),
    path("callbacks/<str:ident>/close/", api.CallbackCloseView.as_view()),
    path("search/", api.SearchView.as_view()),
    path("messages/", api.MessagesView.as_view()),
    path("messages/read-all/", api.MessagesReadView.as_view()),
    path("messages/<int:ident>/read/", api.MessageReadView.as_view()),
    path("recipients/", api.RecipientsView.as_view()),
    path("openings/", api.OpeningsView.as_view()),
]
